using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>Metrics of meter <c>MlSystem.EventLog</c>; units are events unless said.</summary>
public sealed class EventLogMetrics : IDisposable
{
    public const string MeterName = "MlSystem.EventLog";

    private readonly Meter _meter;
    private readonly Counter<long> _appended;
    private readonly Counter<long> _consumed;
    private readonly Counter<long> _skipped;
    private readonly Counter<long> _failed;
    private readonly Counter<long> _fenced;
    private readonly ConcurrentDictionary<object, LagSource> _lag = new();

    public EventLogMetrics(IMeterFactory? factory = null)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        _appended = _meter.CreateCounter<long>("mlsystem.eventlog.appended", "{event}", "Events appended durably by this process.");
        _consumed = _meter.CreateCounter<long>("mlsystem.eventlog.consumed", "{event}", "Events returned to consumers of this process.");
        _skipped = _meter.CreateCounter<long>("mlsystem.eventlog.skipped", "{event}", "Events that retention removed before a consumer of this process had read them.");
        _failed = _meter.CreateCounter<long>("mlsystem.eventlog.handler_failures", "{failure}", "Failed attempts to handle a batch.");
        _fenced = _meter.CreateCounter<long>("mlsystem.eventlog.fenced_commits", "{partition}", "Partitions whose commit was refused because another consumer had taken them over.");
        _meter.CreateObservableGauge("mlsystem.eventlog.lag", Lag, "{event}", "Events behind the read position of this process's consumers.");
    }

    public void Appended(string topic, long events) => _appended.Add(events, new KeyValuePair<string, object?>("topic", topic));

    public void Consumed(string topic, string group, long events) => _consumed.Add(events, Tag("topic", topic), Tag("group", group));

    public void Skipped(string topic, string group, long events) => _skipped.Add(events, Tag("topic", topic), Tag("group", group));

    public void HandlerFailed(string topic, string group) => _failed.Add(1, Tag("topic", topic), Tag("group", group));

    public void Fenced(string topic, string group) => _fenced.Add(1, Tag("topic", topic), Tag("group", group));

    public void Dispose() => _meter.Dispose();

    /// <summary>Reports a consumer's lag until <see cref="Forget"/>; members of one group in one process add up.</summary>
    internal void Observe(object consumer, string topic, string group, Func<long> lag) => _lag[consumer] = new LagSource(topic, group, lag);

    internal void Forget(object consumer) => _lag.TryRemove(consumer, out _);

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private IEnumerable<Measurement<long>> Lag() =>
        from source in _lag.Values
        group source.Lag() by (source.Topic, source.Group) into lags
        select new Measurement<long>(lags.Sum(), Tag("topic", lags.Key.Topic), Tag("group", lags.Key.Group));

    private sealed record LagSource(string Topic, string Group, Func<long> Lag);
}
