using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MlSystem.MlNet;

/// <summary>The row of a request that the pipeline is looking at. Columns that no output depends on, such as the label, are empty.</summary>
internal sealed class InputRow(DataViewSchema schema, IReadOnlyDictionary<string, int> inputs) : DataViewRow
{
    private long _position;

    public IRowReader Reader { get; set; } = null!;

    /// <summary>The row within the request.</summary>
    public int Row { get; private set; }

    public override DataViewSchema Schema { get; } = schema;

    /// <summary>Never the same twice: transforms keep what they computed for a position.</summary>
    public override long Position => _position;

    public override long Batch => 0;

    public void MoveTo(int row)
    {
        Row = row;
        _position++;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => true;

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref value) => value = new DataViewRowId((ulong)_position, 0);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        var input = inputs.GetValueOrDefault(column.Name, -1);
        Delegate getter = ColumnTypes.Item(column.Type) is TextDataViewType ? Text(column, input) : ColumnTypes.For(column.Type, new Getters(this, column.Type, input));
        return getter as ValueGetter<TValue> ?? throw new InvalidOperationException($"Column '{column.Name}' is {column.Type}, not {typeof(TValue)}.");
    }

    private Delegate Text(DataViewSchema.Column column, int input)
    {
        if (column.Type is VectorDataViewType)
        {
            return (ValueGetter<VBuffer<ReadOnlyMemory<char>>>)((ref value) =>
            {
                var width = input < 0 ? Math.Max(((VectorDataViewType)column.Type).Size, 0) : Reader.Width(input);
                var editor = VBufferEditor.Create(ref value, width);
                for (var i = 0; i < width; i++)
                {
                    editor.Values[i] = input < 0 ? default : Reader.Text(input, (Row * width) + i).AsMemory();
                }

                value = editor.Commit();
            });
        }

        return (ValueGetter<ReadOnlyMemory<char>>)((ref value) => value = input < 0 ? default : Reader.Text(input, Row).AsMemory());
    }

    private sealed class Getters(InputRow row, DataViewType type, int input) : IItemFunction<Delegate>
    {
        public Delegate Call<T>()
            where T : unmanaged
        {
            if (type is VectorDataViewType vector)
            {
                return (ValueGetter<VBuffer<T>>)((ref value) =>
                {
                    var width = input < 0 ? Math.Max(vector.Size, 0) : row.Reader.Width(input);
                    var editor = VBufferEditor.Create(ref value, width);
                    if (input < 0)
                    {
                        editor.Values.Clear();
                    }
                    else
                    {
                        MemoryMarshal.Cast<byte, T>(row.Reader.Raw(input)).Slice(row.Row * width, width).CopyTo(editor.Values);
                    }

                    value = editor.Commit();
                });
            }

            return (ValueGetter<T>)((ref value) => value = input < 0 ? default : MemoryMarshal.Cast<byte, T>(row.Reader.Raw(input))[row.Row]);
        }
    }
}
