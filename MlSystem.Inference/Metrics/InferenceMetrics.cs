using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace MlSystem.Inference.Metrics;

/// <summary>
/// Triton's metrics, by <c>model</c> (the endpoint), <c>version</c> and <c>variant</c>. The instruments are observed: they
/// read the counters when they are scraped, so that a request pays only for the additions.
/// </summary>
public sealed class InferenceMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "MlSystem.Inference";

    private readonly ConcurrentDictionary<(string Endpoint, string Version, string Variant), VariantStatistics> _statistics = new();

    public InferenceMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        Counter(meter, "nv_inference_request_success", "Requests answered with a prediction", s => s.Success);
        Counter(meter, "nv_inference_count", "Rows predicted", s => s.Inferences);
        Counter(meter, "nv_inference_exec_count", "Runs of the model", s => s.Runs.Runs);
        Counter(meter, "nv_inference_request_duration_us", "Time of successful requests in microseconds", s => s.RequestNs / 1000);
        Counter(meter, "nv_inference_queue_duration_us", "Time in the queue in microseconds", s => s.QueueNs / 1000);
        Counter(meter, "nv_inference_compute_input_duration_us", "Time of reading inputs and features in microseconds", s => s.InputNs / 1000);
        Counter(meter, "nv_inference_compute_infer_duration_us", "Time in the model in microseconds", s => s.InferNs / 1000);
        Counter(meter, "nv_inference_compute_output_duration_us", "Time of writing outputs in microseconds", s => s.OutputNs / 1000);
        Counter(meter, "nv_cache_num_hits_per_model", "Requests answered from the response cache", s => s.CacheHits);
        Counter(meter, "nv_cache_num_misses_per_model", "Requests that the response cache did not know", s => s.CacheMisses);
        Counter(meter, "nv_cache_hit_duration_per_model", "Time of finding answers in the response cache in microseconds", s => s.CacheHitNs / 1000);
        Counter(meter, "nv_cache_miss_duration_per_model", "Time of not finding answers in the response cache in microseconds", s => s.CacheMissNs / 1000);
        meter.CreateObservableGauge("nv_inference_pending_request_count", () => Observe(s => s.Pending), unit: null, "Requests admitted and not yet answered");
        RunHistograms.Create(meter, () => All);
        meter.CreateObservableCounter("nv_inference_request_failure", ObserveFailures, unit: null, "Requests that failed, by reason");
    }

    /// <summary>All counters.</summary>
    public IEnumerable<VariantStatistics> All => _statistics.Values;

    /// <summary>The counters of a variant; the same object whenever it comes back.</summary>
    public VariantStatistics For(string endpoint, string version, string variant) =>
        _statistics.GetOrAdd((endpoint, version, variant), key => new VariantStatistics(key.Endpoint, key.Version, key.Variant));

    private void Counter(Meter meter, string name, string description, Func<VariantStatistics, long> read) =>
        meter.CreateObservableCounter(name, () => Observe(read), unit: null, description);

    private IEnumerable<Measurement<long>> Observe(Func<VariantStatistics, long> read) =>
        _statistics.Values.Select(s => new Measurement<long>(read(s), new("model", s.Endpoint), new("version", s.Version), new("variant", s.Variant)));

    private IEnumerable<Measurement<long>> ObserveFailures() =>
        from s in _statistics.Values
        from reason in Enum.GetValues<FailureReason>()
        select new Measurement<long>(
            s.FailuresBy(reason), new("model", s.Endpoint), new("version", s.Version), new("variant", s.Variant), new("reason", reason.ToString().ToUpperInvariant()));
}
