namespace MlSystem.FeatureStore.Streams.Sketches;

/// <summary>
/// Quantiles with a relative error of 1 % (Masson, Rim, Lee 2019, "DDSketch"): values are counted in buckets whose bounds grow by γ = 1.01/0.99, those below
/// zero and zero itself apart. Merging adds counts, so the result does not depend on the order. At most <see cref="MaxBuckets"/> buckets of each sign: beyond
/// that the smallest magnitudes are counted as one, so only quantiles among those lose their bound. At most about 50 KiB; a bucket takes 12 bytes.
/// </summary>
public sealed class DdSketch
{
    public const double RelativeError = 0.01;
    public const int MaxBuckets = 2048;

    /// <summary>Smaller magnitudes count as zero.</summary>
    private const double Smallest = 1e-300;

    private static readonly double Gamma = (1 + RelativeError) / (1 - RelativeError);
    private static readonly double LogGamma = Math.Log(Gamma);

    private readonly Buckets _positive = new();
    private readonly Buckets _negative = new();
    private long _zero;

    public long Count => _zero + _positive.Total + _negative.Total;

    public int Bytes => 96 + ((_positive.Count + _negative.Count) * 12);

    public void Add(double value)
    {
        var magnitude = Math.Abs(value);
        if (magnitude < Smallest)
        {
            _zero++;
            return;
        }

        (value > 0 ? _positive : _negative).Add((int)Math.Ceiling(Math.Log(magnitude) / LogGamma), 1);
    }

    public void Merge(DdSketch other)
    {
        _zero += other._zero;
        _positive.Add(other._positive);
        _negative.Add(other._negative);
    }

    public void Clear()
    {
        _zero = 0;
        _positive.Clear();
        _negative.Clear();
    }

    /// <param name="q">Between 0 and 1.</param>
    /// <returns>The value of rank ⌊q·(n − 1)⌋, from 0, in ascending order; NaN over nothing.</returns>
    public double Quantile(double q)
    {
        if (Count == 0)
        {
            return double.NaN;
        }

        var rank = (long)(q * (Count - 1));
        if (rank < _negative.Total)
        {
            return -Value(_negative.At(_negative.Total - 1 - rank));
        }

        rank -= _negative.Total;
        return rank < _zero ? 0 : Value(_positive.At(rank - _zero));
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(_zero);
        _positive.Write(writer);
        _negative.Write(writer);
    }

    public static DdSketch Read(BinaryReader reader)
    {
        var sketch = new DdSketch { _zero = reader.ReadInt64() };
        sketch._positive.Read(reader);
        sketch._negative.Read(reader);
        return sketch;
    }

    private static double Value(int bucket) => 2 * Math.Exp(bucket * LogGamma) / (Gamma + 1);

    /// <summary>Counts by bucket, ascending.</summary>
    private sealed class Buckets
    {
        private int[] _index = [];
        private long[] _count = [];

        public int Count { get; private set; }

        public long Total { get; private set; }

        public void Add(int bucket, long count)
        {
            Total += count;
            var place = Array.BinarySearch(_index, 0, Count, bucket);
            if (place < 0 && Count == MaxBuckets)
            {
                if (~place == 0)
                {
                    place = 0;
                }
                else
                {
                    CollapseSmallest();
                    place = Array.BinarySearch(_index, 0, Count, bucket);
                }
            }

            if (place < 0)
            {
                place = Insert(~place, bucket);
            }

            _count[place] += count;
        }

        public void Add(Buckets other)
        {
            for (var i = 0; i < other.Count; i++)
            {
                Add(other._index[i], other._count[i]);
            }
        }

        public void Clear() => (Count, Total) = (0, 0);

        /// <param name="rank">From 0.</param>
        public int At(long rank)
        {
            for (var i = 0; ; i++)
            {
                rank -= _count[i];
                if (rank < 0)
                {
                    return _index[i];
                }
            }
        }

        public void Write(BinaryWriter writer)
        {
            writer.Write7BitEncodedInt(Count);
            for (var i = 0; i < Count; i++)
            {
                writer.Write(_index[i]);
                writer.Write7BitEncodedInt64(_count[i]);
            }
        }

        public void Read(BinaryReader reader)
        {
            for (var left = reader.Read7BitEncodedInt(); left > 0; left--)
            {
                Add(reader.ReadInt32(), reader.Read7BitEncodedInt64());
            }
        }

        private int Insert(int place, int bucket)
        {
            if (Count == _index.Length)
            {
                Array.Resize(ref _index, Math.Max(4, Count * 2));
                Array.Resize(ref _count, _index.Length);
            }

            Array.Copy(_index, place, _index, place + 1, Count - place);
            Array.Copy(_count, place, _count, place + 1, Count - place);
            (_index[place], _count[place]) = (bucket, 0);
            Count++;
            return place;
        }

        private void CollapseSmallest()
        {
            _count[1] += _count[0];
            Count--;
            Array.Copy(_index, 1, _index, 0, Count);
            Array.Copy(_count, 1, _count, 0, Count);
        }
    }
}
