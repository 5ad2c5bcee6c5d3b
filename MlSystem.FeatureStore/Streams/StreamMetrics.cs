using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace MlSystem.FeatureStore.Streams;

/// <summary>What a view's computation in this process looks like at the moment.</summary>
/// <param name="Lag">Events behind the end of the topic.</param>
/// <param name="WatermarkDelaySeconds">How far the watermark is behind the time; null before the first event.</param>
/// <param name="StateBytes">Size of the snapshots.</param>
public sealed record StreamStanding(string View, long Lag, double? WatermarkDelaySeconds, long Entities, long Panes, long StateBytes);

/// <summary>Metrics of streaming aggregates, tagged <c>view</c>; meter <c>MlSystem.FeatureStore</c>.</summary>
public sealed class StreamMetrics
{
    private readonly ConcurrentDictionary<object, Func<StreamStanding>> _running = new();

    public StreamMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(FeatureStoreMetrics.MeterName);
        Events = meter.CreateCounter<long>("mlsystem.features.stream_events", "{event}", "Events that went into aggregates, those of replays included.");
        Late = meter.CreateCounter<long>("mlsystem.features.stream_late_events", "{event}", "Events that at least one window left out because they came later than the allowed lateness.");
        Rejected = meter.CreateCounter<long>("mlsystem.features.stream_rejected_events", "{event}", "Events that were no row of the source, had a key that is not their entity, or lay in the future.");
        Rows = meter.CreateCounter<long>("mlsystem.features.stream_rows", "{row}", "Rows of aggregates, those of replays included.");
        meter.CreateObservableGauge("mlsystem.features.stream_lag", () => Observe(standing => standing.Lag), "{event}", "Events that are not in the aggregates yet.");
        meter.CreateObservableGauge("mlsystem.features.stream_watermark_delay", WatermarkDelays, "s", "How far the watermark is behind the time.");
        meter.CreateObservableGauge("mlsystem.features.stream_entities", () => Observe(standing => standing.Entities), "{entity}", "Entities that have something in a window.");
        meter.CreateObservableGauge("mlsystem.features.stream_state", () => Observe(standing => standing.StateBytes), "By", "Size of the snapshots of the state.");
    }

    public Counter<long> Events { get; }

    public Counter<long> Late { get; }

    public Counter<long> Rejected { get; }

    public Counter<long> Rows { get; }

    public IReadOnlyList<StreamStanding> Standings => [.. _running.Values.Select(standing => standing())];

    internal void Observe(object worker, Func<StreamStanding> standing) => _running[worker] = standing;

    internal void Forget(object worker) => _running.TryRemove(worker, out _);

    private static KeyValuePair<string, object?> Tag(StreamStanding standing) => new("view", standing.View);

    private IEnumerable<Measurement<long>> Observe(Func<StreamStanding, long> value) => Standings.Select(standing => new Measurement<long>(value(standing), Tag(standing)));

    private IEnumerable<Measurement<double>> WatermarkDelays() =>
        Standings.Where(standing => standing.WatermarkDelaySeconds is not null).Select(standing => new Measurement<double>(standing.WatermarkDelaySeconds!.Value, Tag(standing)));
}
