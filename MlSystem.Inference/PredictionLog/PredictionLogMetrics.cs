using System.Diagnostics.Metrics;
using MlSystem.Inference.Metrics;

namespace MlSystem.Inference.PredictionLog;

/// <summary>What the prediction log counts: requests.</summary>
internal sealed class PredictionLogMetrics
{
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _written;
    private readonly Counter<long> _bytes;

    public PredictionLogMetrics(IMeterFactory meters, Func<long> waiting)
    {
        var meter = meters.Create(InferenceMetrics.MeterName);
        _dropped = meter.CreateCounter<long>("mlsystem_prediction_log_dropped", unit: null, "Predictions that were not logged, by reason");
        _written = meter.CreateCounter<long>("mlsystem_prediction_log_written", unit: null, "Predictions in the event log");
        _bytes = meter.CreateCounter<long>("mlsystem_prediction_log_written_bytes", unit: null, "Bytes of the events in the event log");
        meter.CreateObservableGauge("mlsystem_prediction_log_waiting", waiting, unit: null, "Predictions that wait to be written to the event log");
    }

    /// <param name="reason">One of <see cref="DropReason"/>.</param>
    public void Dropped(long requests, string reason) => _dropped.Add(requests, new KeyValuePair<string, object?>("reason", reason));

    public void Written(long requests, long bytes)
    {
        _written.Add(requests);
        _bytes.Add(bytes);
    }
}
