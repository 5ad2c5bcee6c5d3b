using System.Diagnostics.Metrics;
using System.Globalization;

namespace MlSystem.Inference.Metrics;

/// <summary>
/// The histograms of runs, in Prometheus' form: <c>_bucket</c> by <c>le</c>, <c>_sum</c> and <c>_count</c>. Observed when scraped, as
/// the counters are: recording into a meter's histogram would cost a request more than a small model's run.
/// </summary>
internal static class RunHistograms
{
    public static void Create(Meter meter, Func<IEnumerable<VariantStatistics>> all)
    {
        Create(meter, all, "mlsystem_inference_queue_time_us", "Time of requests in the queue in microseconds", RunStatistics.TimeBounds, runs => runs.QueueTimes());
        Create(meter, all, "mlsystem_inference_compute_time_us", "Time of runs in microseconds", RunStatistics.TimeBounds, runs => runs.ComputeTimes());
        Create(meter, all, "mlsystem_inference_batch_rows", "Rows of runs", RunStatistics.RowBounds, runs => runs.BatchRows());
    }

    private static void Create(
        Meter meter, Func<IEnumerable<VariantStatistics>> all, string name, string description, IReadOnlyList<double> bounds, Func<RunStatistics, HistogramCounts> read)
    {
        meter.CreateObservableCounter(name + "_bucket", () => all().SelectMany(s => Buckets(s, bounds, read(s.Runs))), unit: null, description);
        meter.CreateObservableCounter(name + "_sum", () => all().Select(s => new Measurement<double>(read(s.Runs).Sum, Tags(s))), unit: null, description);
        meter.CreateObservableCounter(name + "_count", () => all().Select(s => new Measurement<long>(read(s.Runs).Counts[^1], Tags(s))), unit: null, description);
    }

    private static IEnumerable<Measurement<long>> Buckets(VariantStatistics statistics, IReadOnlyList<double> bounds, HistogramCounts counts)
    {
        for (var i = 0; i < counts.Counts.Count; i++)
        {
            var le = i < bounds.Count ? bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
            yield return new Measurement<long>(counts.Counts[i], [.. Tags(statistics), new("le", le)]);
        }
    }

    private static KeyValuePair<string, object?>[] Tags(VariantStatistics statistics) =>
        [new("model", statistics.Endpoint), new("version", statistics.Version), new("variant", statistics.Variant)];
}
