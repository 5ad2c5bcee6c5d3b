using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Routing;

namespace MlSystem.Inference.Shadowing;

/// <summary>Counters of shadow variants, by <c>model</c> (the endpoint), <c>version</c> and <c>variant</c>.</summary>
public sealed class ShadowMetrics
{
    private readonly ConcurrentDictionary<(string Endpoint, string Version, string Variant), ShadowTally> _tallies = new();
    private readonly Histogram<double> _difference;

    public ShadowMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(InferenceMetrics.MeterName);
        Counter(meter, "mlsystem_shadow_requests", "Copies that the shadow answered", tally => tally.Mirrored);
        Counter(meter, "mlsystem_shadow_compared_rows", "Rows whose live and shadow answers were compared", tally => tally.ComparedRows);
        Counter(meter, "mlsystem_shadow_label_disagreements", "Classification: compared rows whose labels differ", tally => tally.DifferingRows);
        meter.CreateObservableCounter("mlsystem_shadow_dropped", ObserveDropped, unit: null, "Requests that should have been mirrored and were not, by reason");
        _difference = meter.CreateHistogram<double>("mlsystem_shadow_absolute_difference", unit: null, "Regression: mean |live - shadow| of a request's rows, in the prediction's unit");
    }

    public ShadowTally For(RoutedVariant shadow) =>
        _tallies.GetOrAdd((shadow.Endpoint, shadow.Version.VersionText, shadow.Name), static key => new ShadowTally(key.Endpoint, key.Version, key.Variant));

    public void Add(RoutedVariant shadow, Disagreement found)
    {
        var tally = For(shadow);
        if (found is { IsRegression: true, Rows: > 0 })
        {
            _difference.Record(found.AbsoluteDifference / found.Rows, new("model", tally.Endpoint), new("version", tally.Version), new("variant", tally.Variant));
        }

        tally.Add(found);
    }

    private void Counter(Meter meter, string name, string description, Func<ShadowTally, long> read) => meter.CreateObservableCounter(
        name, () => _tallies.Values.Select(tally => new Measurement<long>(read(tally), new("model", tally.Endpoint), new("version", tally.Version), new("variant", tally.Variant))), unit: null, description);

    private IEnumerable<Measurement<long>> ObserveDropped() =>
        from tally in _tallies.Values
        from reason in Enum.GetValues<ShadowDrop>()
        select new Measurement<long>(
            tally.Dropped(reason), new("model", tally.Endpoint), new("version", tally.Version), new("variant", tally.Variant), new("reason", reason.ToString().ToLowerInvariant()));
}
