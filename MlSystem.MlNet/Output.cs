using Microsoft.ML;
using Microsoft.ML.Data;
using MlSystem.Contracts;

namespace MlSystem.MlNet;

/// <summary>One output of the signature and the column that it is made of.</summary>
internal abstract class Output(TensorSpec spec, string column)
{
    public TensorSpec Spec { get; } = spec;

    public string Column { get; } = column;

    /// <summary>What reads a row's value and writes it.</summary>
    /// <param name="index">The output's place in the signature.</param>
    public abstract Action<IRowWriter, int> Bind(DataViewRow row, DataViewSchema.Column column, int index);
}

/// <summary>A column as it is: a number, or a vector of fixed length.</summary>
internal sealed class PlainOutput(TensorSpec spec, string column) : Output(spec, column)
{
    public override Action<IRowWriter, int> Bind(DataViewRow row, DataViewSchema.Column column, int index) =>
        ColumnTypes.Item(column.Type) is TextDataViewType ? Text(row, column, index) : ColumnTypes.For(column.Type, new Binding(row, column, index));

    private static Action<IRowWriter, int> Text(DataViewRow row, DataViewSchema.Column column, int index)
    {
        if (column.Type is not VectorDataViewType)
        {
            var getter = row.GetGetter<ReadOnlyMemory<char>>(column);
            return (writer, at) =>
            {
                ReadOnlyMemory<char> value = default;
                getter(ref value);
                writer.WriteText(index, at, value.ToString());
            };
        }

        var vector = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
        VBuffer<ReadOnlyMemory<char>> values = default;
        return (writer, at) =>
        {
            vector(ref values);
            var i = 0;
            foreach (var value in values.DenseValues())
            {
                writer.WriteText(index, (at * values.Length) + i++, value.ToString());
            }
        };
    }

    private sealed class Binding(DataViewRow row, DataViewSchema.Column column, int index) : IItemFunction<Action<IRowWriter, int>>
    {
        public Action<IRowWriter, int> Call<T>()
            where T : unmanaged
        {
            if (column.Type is not VectorDataViewType)
            {
                var getter = row.GetGetter<T>(column);
                return (writer, at) =>
                {
                    T value = default;
                    getter(ref value);
                    writer.Write(index, at, new ReadOnlySpan<T>(in value));
                };
            }

            var vector = row.GetGetter<VBuffer<T>>(column);
            VBuffer<T> buffer = default;
            var dense = Array.Empty<T>();
            return (writer, at) =>
            {
                vector(ref buffer);
                Array.Resize(ref dense, buffer.Length);
                buffer.CopyTo(dense);
                writer.Write<T>(index, at, dense);
            };
        }
    }
}

/// <summary>A key column as the text that the key stands for; a missing key is the empty text.</summary>
internal sealed class KeyOutput(TensorSpec spec, string column, IReadOnlyList<string> values) : Output(spec, column)
{
    public override Action<IRowWriter, int> Bind(DataViewRow row, DataViewSchema.Column column, int index)
    {
        var getter = row.GetGetter<uint>(column);
        return (writer, at) =>
        {
            uint key = 0;
            getter(ref key);
            writer.WriteText(index, at, key == 0 || key > values.Count ? "" : values[(int)key - 1]);
        };
    }
}

/// <summary>The probability of the second of two classes as the probabilities of both.</summary>
internal sealed class BinaryProbabilities(TensorSpec spec, string column) : Output(spec, column)
{
    public override Action<IRowWriter, int> Bind(DataViewRow row, DataViewSchema.Column column, int index)
    {
        var getter = row.GetGetter<float>(column);
        return (writer, at) =>
        {
            float p = 0;
            getter(ref p);
            writer.Write<float>(index, at, [1 - p, p]);
        };
    }
}
