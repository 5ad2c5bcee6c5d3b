using System.Runtime.InteropServices;

namespace MlSystem.Training.Detectors;

/// <summary>
/// The exponential histogram of ADWIN: row i holds buckets of 2^i values each, at most <see cref="PerRow"/> of them; when
/// a row overflows, its two oldest become one of the next. So n values take O(log n) buckets.
/// </summary>
internal sealed class BucketRows
{
    /// <summary>Buckets of one size; M in the paper.</summary>
    public const int PerRow = 5;

    private readonly List<Bucket[]> _rows = [];
    private readonly List<int> _counts = [];

    /// <summary>Rows, small buckets first.</summary>
    public int Count => _rows.Count;

    public ReadOnlySpan<Bucket> Row(int row) => _rows[row].AsSpan(0, _counts[row]);

    public void Add(double value)
    {
        var carry = new Bucket(value, 0);
        for (var row = 0; ; row++)
        {
            if (row == _rows.Count)
            {
                _rows.Add(new Bucket[PerRow + 1]);
                _counts.Add(0);
            }

            var buckets = _rows[row];
            buckets[_counts[row]++] = carry;
            if (_counts[row] <= PerRow)
            {
                return;
            }

            carry = Bucket.Merge(buckets[0], buckets[1], 1L << row);
            Shift(row, 2);
        }
    }

    /// <summary>Removes the oldest bucket.</summary>
    /// <returns>It, and how many values it stood for.</returns>
    public (Bucket Bucket, long Size) RemoveOldest()
    {
        var row = _rows.Count - 1;
        var oldest = _rows[row][0];
        Shift(row, 1);
        if (_counts[row] == 0)
        {
            _rows.RemoveAt(row);
            _counts.RemoveAt(row);
        }

        return (oldest, 1L << row);
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(_rows.Count);
        for (var row = 0; row < _rows.Count; row++)
        {
            writer.Write(_counts[row]);
            foreach (var bucket in Row(row))
            {
                writer.Write(bucket.Total);
                writer.Write(bucket.Variance);
            }
        }
    }

    public void Read(BinaryReader reader)
    {
        _rows.Clear();
        _counts.Clear();
        for (var rows = reader.ReadInt32(); rows > 0; rows--)
        {
            var count = reader.ReadInt32();
            var buckets = new Bucket[PerRow + 1];
            for (var i = 0; i < count; i++)
            {
                buckets[i] = new Bucket(reader.ReadDouble(), reader.ReadDouble());
            }

            _rows.Add(buckets);
            _counts.Add(count);
        }
    }

    private void Shift(int row, int removed)
    {
        _counts[row] -= removed;
        Array.Copy(_rows[row], removed, _rows[row], 0, _counts[row]);
    }

    /// <param name="Total">Sum of the values.</param>
    /// <param name="Variance">Sum of squared deviations from their mean.</param>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Bucket(double Total, double Variance)
    {
        /// <summary>Two buckets of <paramref name="size"/> values each as one.</summary>
        public static Bucket Merge(Bucket a, Bucket b, long size)
        {
            var difference = (a.Total - b.Total) / size;
            return new Bucket(a.Total + b.Total, a.Variance + b.Variance + (difference * difference * size / 2));
        }
    }
}
