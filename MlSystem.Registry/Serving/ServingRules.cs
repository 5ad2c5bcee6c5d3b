using MlSystem.Contracts;

namespace MlSystem.Registry.Serving;

/// <summary>What the limits and the ways of serving must satisfy.</summary>
internal static class ServingRules
{
    public static void Check(Errors errors, PutEndpoint body)
    {
        CheckLimits(errors, body.Limits ?? new());
        CheckBatching(errors, body.Batching ?? new());
        CheckFeatures(errors, body.Features ?? new());
        var cache = body.Cache ?? new();
        errors.AtLeast("cache.max_bytes", cache.MaxBytes, 1);
        errors.AtLeast("cache.ttl_seconds", cache.TtlSeconds, 1);
        var logging = body.Logging ?? new();
        errors.AddIf(logging.SampleShare is not (>= 0 and <= 1), "logging.sample_share", $"it is {logging.SampleShare}; allowed are 0 to 1");
        errors.AddIf(logging.SensitiveColumns is null, "logging.sensitive_columns", "it must be an array");
        errors.OneOf("logging.sensitive_action", logging.SensitiveAction, SensitiveAction.Drop, SensitiveAction.Hash);
    }

    private static void CheckLimits(Errors errors, EndpointLimits limits)
    {
        errors.AtLeast("limits.max_concurrency", limits.MaxConcurrency, 1);
        errors.AtLeast("limits.max_queue", limits.MaxQueue, 0);
        errors.AtLeast("limits.timeout_ms", limits.TimeoutMs, 1);
        errors.AtLeast("limits.max_batch_size", limits.MaxBatchSize, 1);
    }

    private static void CheckBatching(Errors errors, EndpointBatching batching)
    {
        errors.OneOf("batching.mode", batching.Mode, BatchingMode.Off, BatchingMode.Dynamic, BatchingMode.Adaptive);
        errors.OneOf("batching.timeout_action", batching.TimeoutAction, QueueTimeoutAction.Reject, QueueTimeoutAction.Delay);
        errors.AtLeast("batching.max_queue_delay_microseconds", batching.MaxQueueDelayMicroseconds, 0);
        errors.AtLeast("batching.default_timeout_microseconds", batching.DefaultTimeoutMicroseconds, 0);
        errors.AtLeast("batching.priority_levels", batching.PriorityLevels, 0);
        errors.AddIf(
            batching.DefaultPriorityLevel < 0 || batching.DefaultPriorityLevel > batching.PriorityLevels,
            "batching.default_priority_level",
            $"it is {batching.DefaultPriorityLevel}; allowed are 0 to priority_levels, which is {batching.PriorityLevels}");
        errors.AddIf(
            batching.LatencyObjectiveMs is { } objective && !(double.IsFinite(objective) && objective > 0),
            "batching.latency_objective_ms",
            $"it is {batching.LatencyObjectiveMs}; it must be above 0");
        var sizes = batching.PreferredBatchSizes;
        errors.AddIf(
            sizes is null || sizes.Any(size => size < 1) || sizes.Zip(sizes.Skip(1)).Any(pair => pair.First >= pair.Second),
            "batching.preferred_batch_sizes",
            "it must be a list of ascending whole numbers from 1");
    }

    private static void CheckFeatures(Errors errors, EndpointFeatures features)
    {
        errors.OneOf("features.expired", features.Expired, FeaturePolicy.Null, FeaturePolicy.Default, FeaturePolicy.Refuse);
        errors.OneOf("features.missing", features.Missing, FeaturePolicy.Null, FeaturePolicy.Default, FeaturePolicy.Refuse);
        errors.OneOf("features.unavailable", features.Unavailable, FeaturePolicy.Refuse, FeaturePolicy.Default);
        errors.AddIf(features.Views is null, "features.views", "it must be an object");
        errors.AddIf(features.Defaults is null, "features.defaults", "it must be an object");
        foreach (var (view, policy) in features.Views ?? new Dictionary<string, ViewFeatures>(StringComparer.Ordinal))
        {
            errors.OneOf($"features.views.{view}.expired", policy?.Expired ?? FeaturePolicy.Null, FeaturePolicy.Null, FeaturePolicy.Default, FeaturePolicy.Refuse);
            errors.OneOf($"features.views.{view}.missing", policy?.Missing ?? FeaturePolicy.Null, FeaturePolicy.Null, FeaturePolicy.Default, FeaturePolicy.Refuse);
        }
    }
}
