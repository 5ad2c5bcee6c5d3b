using System.Buffers;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Joining;

/// <summary>A feature's value in every slot of a block of labels. Its arrays are pooled: joins follow each other faster than such large ones are collected.</summary>
internal abstract class SlotColumn : IDisposable
{
    public static SlotColumn Of(Datatype datatype, int slots) => datatype switch
    {
        Datatype.Bool => new FixedColumn<byte>(slots),
        Datatype.Int32 => new FixedColumn<int>(slots),
        Datatype.Int64 or Datatype.Timestamp => new FixedColumn<long>(slots),
        Datatype.Fp32 => new FixedColumn<float>(slots),
        Datatype.Fp64 => new FixedColumn<double>(slots),
        _ => new TextColumn(slots),
    };

    /// <summary>Memory of one slot, in bytes; of text an estimate.</summary>
    public static int BytesOf(Datatype datatype) => datatype switch
    {
        Datatype.Bool => 2,
        Datatype.Int32 or Datatype.Fp32 => 5,
        Datatype.Int64 or Datatype.Timestamp or Datatype.Fp64 => 9,
        _ => 48,
    };

    /// <summary>Takes the values of some rows of a vector into as many slots, the last one counts where a slot is named twice.</summary>
    public abstract void Take(DuckVector vector, int size, ReadOnlySpan<int> rows, ReadOnlySpan<int> slots);

    /// <summary>Takes some slots from a column of the same type.</summary>
    public abstract void Take(SlotColumn other, ReadOnlySpan<int> slots);

    /// <summary>Writes the values of some slots; null where the slot is -1.</summary>
    public abstract void Give(WritableVector vector, ReadOnlySpan<int> slots);

    /// <summary>Gives the arrays back; the column is not used any more.</summary>
    public abstract void Dispose();

    /// <summary>At least as many zeros, or nulls.</summary>
    internal static T[] Rent<T>(int slots)
    {
        var array = ArrayPool<T>.Shared.Rent(slots);
        array.AsSpan(0, slots).Clear();
        return array;
    }

    private sealed class FixedColumn<T>(int slots) : SlotColumn
        where T : unmanaged
    {
        private readonly T[] _values = ArrayPool<T>.Shared.Rent(slots);
        private readonly bool[] _has = Rent<bool>(slots);

        public override void Dispose()
        {
            ArrayPool<T>.Shared.Return(_values);
            ArrayPool<bool>.Shared.Return(_has);
        }

        public override void Take(DuckVector vector, int size, ReadOnlySpan<int> rows, ReadOnlySpan<int> slots)
        {
            var values = vector.Values<T>(size);
            for (var i = 0; i < rows.Length; i++)
            {
                _values[slots[i]] = values[rows[i]];
                _has[slots[i]] = !vector.IsNull(rows[i]);
            }
        }

        public override void Take(SlotColumn other, ReadOnlySpan<int> slots)
        {
            var from = (FixedColumn<T>)other;
            foreach (var slot in slots)
            {
                _values[slot] = from._values[slot];
                _has[slot] = from._has[slot];
            }
        }

        public override void Give(WritableVector vector, ReadOnlySpan<int> slots)
        {
            var values = vector.Values<T>(slots.Length);
            for (var i = 0; i < slots.Length; i++)
            {
                if (slots[i] >= 0 && _has[slots[i]])
                {
                    values[i] = _values[slots[i]];
                }
                else
                {
                    vector.SetNull(i);
                }
            }
        }
    }

    private sealed class TextColumn(int slots) : SlotColumn
    {
        private readonly byte[]?[] _values = Rent<byte[]?>(slots);

        public override void Dispose() => ArrayPool<byte[]?>.Shared.Return(_values, clearArray: true);

        public override void Take(DuckVector vector, int size, ReadOnlySpan<int> rows, ReadOnlySpan<int> slots)
        {
            byte[]? last = null;
            for (var i = 0; i < rows.Length; i++)
            {
                if (vector.IsNull(rows[i]))
                {
                    _values[slots[i]] = null;
                    continue;
                }

                // Neighbours often have the same text: one array serves them all.
                var text = vector.Text(rows[i]);
                _values[slots[i]] = last = last is not null && text.SequenceEqual(last) ? last : text.ToArray();
            }
        }

        public override void Take(SlotColumn other, ReadOnlySpan<int> slots)
        {
            var from = (TextColumn)other;
            foreach (var slot in slots)
            {
                _values[slot] = from._values[slot];
            }
        }

        public override void Give(WritableVector vector, ReadOnlySpan<int> slots)
        {
            for (var i = 0; i < slots.Length; i++)
            {
                if (slots[i] >= 0 && _values[slots[i]] is { } text)
                {
                    vector.SetText(i, text);
                }
                else
                {
                    vector.SetNull(i);
                }
            }
        }
    }
}
