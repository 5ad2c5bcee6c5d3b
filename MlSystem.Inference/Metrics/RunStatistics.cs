using System.Numerics;

namespace MlSystem.Inference.Metrics;

/// <summary>
/// Counts of the runs of one variant: how many, on how many rows, how long, and how long requests waited for them. Kept for each
/// instance apart, so that two threads seldom write to one cache line.
/// </summary>
public sealed class RunStatistics
{
    /// <summary>Rows up to which each number is counted by itself; beyond, powers of two are.</summary>
    public const int ExactRows = 256;

    private const int Stripes = 8;
    private readonly Stripe?[] _stripes = new Stripe?[Stripes];

    /// <summary>Upper bounds of the histograms of time, in microseconds; a last bucket takes the rest.</summary>
    public static IReadOnlyList<double> TimeBounds { get; } =
        [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 10_000_000];

    /// <summary>Upper bounds of the histogram of rows.</summary>
    public static IReadOnlyList<double> RowBounds { get; } = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096];

    /// <summary>Runs of the model.</summary>
    public long Runs => Present.Sum(stripe => Volatile.Read(ref stripe.Runs));

    /// <summary>Runs and their nanoseconds by number of rows; numbers above <see cref="ExactRows"/> are rounded up to a power of two.</summary>
    public IReadOnlyList<(int Rows, long Runs, long Nanoseconds)> ByRows()
    {
        var sizes = new List<(int, long, long)>();
        for (var i = 0; i < Stripe.Sizes; i++)
        {
            var index = i;
            var runs = Present.Sum(stripe => Volatile.Read(ref stripe.RunsByRows[index]));
            if (runs > 0)
            {
                sizes.Add((i < ExactRows ? i + 1 : 1 << (i - ExactRows + 9), runs, Present.Sum(stripe => Volatile.Read(ref stripe.NanosecondsByRows[index]))));
            }
        }

        return sizes;
    }

    /// <summary>Times in the model, cumulated over <see cref="TimeBounds"/>.</summary>
    public HistogramCounts ComputeTimes() => Cumulate(stripe => stripe.Compute, stripe => stripe.ComputeNanoseconds / 1000.0);

    /// <summary>Times in the queue, cumulated over <see cref="TimeBounds"/>.</summary>
    public HistogramCounts QueueTimes() => Cumulate(stripe => stripe.Queue, stripe => stripe.QueueNanoseconds / 1000.0);

    /// <summary>Rows of the runs, cumulated over <see cref="RowBounds"/>.</summary>
    public HistogramCounts BatchRows()
    {
        var counts = new long[RowBounds.Count + 1];
        double sum = 0;
        foreach (var (rows, runs, _) in ByRows())
        {
            sum += (double)rows * runs;
            for (var bound = 0; bound < counts.Length; bound++)
            {
                counts[bound] += bound == RowBounds.Count || rows <= RowBounds[bound] ? runs : 0;
            }
        }

        return new HistogramCounts(counts, sum);
    }

    /// <summary>Counts a run.</summary>
    /// <returns>The runs of this instance so far.</returns>
    public long CountRun(int instance, int rows, double seconds)
    {
        var stripe = At(instance);
        var nanoseconds = (long)(seconds * 1e9);
        var size = rows <= ExactRows ? Math.Max(rows, 1) - 1 : Math.Min(ExactRows + BitOperations.Log2((uint)(rows - 1)) - 8, Stripe.Sizes - 1);
        Interlocked.Increment(ref stripe.RunsByRows[size]);
        Interlocked.Add(ref stripe.NanosecondsByRows[size], nanoseconds);
        Interlocked.Add(ref stripe.ComputeNanoseconds, nanoseconds);
        Interlocked.Increment(ref stripe.Compute[Bucket(seconds)]);
        return Interlocked.Increment(ref stripe.Runs);
    }

    /// <summary>Counts how long a request waited for its run.</summary>
    public void CountWait(int instance, double seconds)
    {
        var stripe = At(instance);
        Interlocked.Increment(ref stripe.Queue[seconds == 0 ? 0 : Bucket(seconds)]);
        if (seconds > 0)
        {
            Interlocked.Add(ref stripe.QueueNanoseconds, (long)(seconds * 1e9));
        }
    }

    private static int Bucket(double seconds)
    {
        var microseconds = seconds * 1e6;
        var bucket = 0;
        while (bucket < TimeBounds.Count && microseconds > Bounds[bucket])
        {
            bucket++;
        }

        return bucket;
    }

    private static readonly double[] Bounds = [.. TimeBounds];

    private IEnumerable<Stripe> Present => _stripes.OfType<Stripe>();

    private Stripe At(int instance)
    {
        ref var stripe = ref _stripes[instance % Stripes];
        return Volatile.Read(ref stripe) ?? Interlocked.CompareExchange(ref stripe, new Stripe(), null) ?? stripe!;
    }

    private HistogramCounts Cumulate(Func<Stripe, long[]> counts, Func<Stripe, double> sum)
    {
        var total = new long[TimeBounds.Count + 1];
        foreach (var stripe in Present)
        {
            long below = 0;
            for (var i = 0; i < total.Length; i++)
            {
                below += Volatile.Read(ref counts(stripe)[i]);
                total[i] += below;
            }
        }

        return new HistogramCounts(total, Present.Sum(sum));
    }

    private sealed class Stripe
    {
        public const int Sizes = ExactRows + 24;
        public long Runs;
        public long ComputeNanoseconds;
        public long QueueNanoseconds;

        public long[] RunsByRows { get; } = new long[Sizes];

        public long[] NanosecondsByRows { get; } = new long[Sizes];

        public long[] Compute { get; } = new long[21];

        public long[] Queue { get; } = new long[21];
    }
}

/// <summary>A histogram's cumulated counts, the last of them all, and the sum of what was observed.</summary>
public sealed record HistogramCounts(IReadOnlyList<long> Counts, double Sum);
