namespace MlSystem.Contracts;

/// <summary>Bounds of an endpoint on one replica; null leaves the server's default.</summary>
public sealed record EndpointLimits
{
    /// <summary>Requests that run at once.</summary>
    public int? MaxConcurrency { get; init; }

    /// <summary>Requests that wait.</summary>
    public int? MaxQueue { get; init; }

    /// <summary>Milliseconds that a request may take where it names no limit itself.</summary>
    public int? TimeoutMs { get; init; }

    /// <summary>Rows in one run of the model.</summary>
    public int? MaxBatchSize { get; init; }
}

/// <summary>How requests that wait are put together into one run of a model; a run has at most <see cref="EndpointLimits.MaxBatchSize"/> rows.</summary>
public sealed record EndpointBatching
{
    /// <summary>One of <see cref="BatchingMode"/>.</summary>
    public string Mode { get; set; } = BatchingMode.Dynamic;

    /// <summary>Dynamic: rows at which a run starts at once although more could be waited for; ascending.</summary>
    public IReadOnlyList<int> PreferredBatchSizes { get; set; } = [];

    /// <summary>Dynamic: microseconds that the first request may wait for others; 0 takes what is there.</summary>
    public long MaxQueueDelayMicroseconds { get; set; }

    /// <summary>Adaptive: milliseconds within which 99 of 100 requests shall be answered; null leaves the server's default.</summary>
    public double? LatencyObjectiveMs { get; init; }

    /// <summary>Priorities 1 (highest) to this; 0: priorities are ignored.</summary>
    public int PriorityLevels { get; set; }

    /// <summary>Priority of a request that names none; 0: the middle one.</summary>
    public int DefaultPriorityLevel { get; set; }

    /// <summary>Whether answers leave in the order in which the requests came.</summary>
    public bool PreserveOrdering { get; set; }

    /// <summary>Microseconds that a request may wait in the queue; 0: as long as its deadline lets it.</summary>
    public long DefaultTimeoutMicroseconds { get; set; }

    /// <summary>Whether a request's own <c>timeout</c> may shorten the time in the queue.</summary>
    public bool AllowTimeoutOverride { get; set; } = true;

    /// <summary>What becomes of a request that waited too long, one of <see cref="QueueTimeoutAction"/>.</summary>
    public string TimeoutAction { get; set; } = QueueTimeoutAction.Reject;
}

/// <summary>Kinds of batching.</summary>
public static class BatchingMode
{
    public const string Off = "off";
    public const string Dynamic = "dynamic";

    /// <summary>Learns the latency as a function of the rows and chooses sizes that hold the latency objective.</summary>
    public const string Adaptive = "adaptive";
}

/// <summary>What becomes of a request that waited too long in the queue.</summary>
public static class QueueTimeoutAction
{
    public const string Reject = "reject";

    /// <summary>It goes behind all that have not waited too long.</summary>
    public const string Delay = "delay";
}

/// <summary>What an endpoint does about features that a look-up does not bring.</summary>
public sealed record EndpointFeatures
{
    /// <summary>A value that is older than its view's time to live, one of <see cref="FeaturePolicy"/>.</summary>
    public string Expired { get; set; } = FeaturePolicy.Null;

    /// <summary>A value that is null or of an unknown entity, one of <see cref="FeaturePolicy"/>.</summary>
    public string Missing { get; set; } = FeaturePolicy.Null;

    /// <summary>The feature store can't be asked in time: <see cref="FeaturePolicy.Refuse"/> or <see cref="FeaturePolicy.Default"/>.</summary>
    public string Unavailable { get; set; } = FeaturePolicy.Refuse;

    /// <summary>Another policy for single feature views, by name.</summary>
    public IReadOnlyDictionary<string, ViewFeatures> Views { get; set; } = new Dictionary<string, ViewFeatures>(StringComparer.Ordinal);

    /// <summary>Values of <see cref="FeaturePolicy.Default"/> by input; an input without one takes null.</summary>
    public IReadOnlyDictionary<string, System.Text.Json.JsonElement> Defaults { get; set; } = new Dictionary<string, System.Text.Json.JsonElement>(StringComparer.Ordinal);
}

/// <summary>Policy of one feature view; null leaves the endpoint's.</summary>
public sealed record ViewFeatures
{
    public string? Expired { get; init; }

    public string? Missing { get; init; }
}

/// <summary>What becomes of a feature value that is not there.</summary>
public static class FeaturePolicy
{
    /// <summary>It is a missing value; an input that accepts none is refused.</summary>
    public const string Null = "null";

    /// <summary>The endpoint's default of that input takes its place.</summary>
    public const string Default = "default";

    /// <summary>The request is refused.</summary>
    public const string Refuse = "refuse";
}

/// <summary>Answers that are kept by version and inputs.</summary>
public sealed record EndpointCache
{
    public bool Enabled { get; set; }

    /// <summary>Bytes of inputs and outputs that one replica keeps for the endpoint.</summary>
    public long MaxBytes { get; set; } = 64 << 20;

    /// <summary>Seconds that an answer is kept; null: until it is pushed out.</summary>
    public int? TtlSeconds { get; init; }
}

/// <summary>What of a prediction goes to the prediction log.</summary>
public sealed record EndpointLogging
{
    /// <summary>Share of requests whose inputs are logged, 0 to 1; outputs and join keys always are.</summary>
    public double SampleShare { get; set; } = 1;

    /// <summary>Columns that are never logged in the clear.</summary>
    public IReadOnlyList<string> SensitiveColumns { get; set; } = [];

    /// <summary>What is logged of a sensitive column, one of <see cref="SensitiveAction"/>.</summary>
    public string SensitiveAction { get; set; } = Contracts.SensitiveAction.Drop;
}

/// <summary>What is logged of a sensitive column.</summary>
public static class SensitiveAction
{
    /// <summary>Nothing.</summary>
    public const string Drop = "drop";

    /// <summary>A keyed hash of each value (HMAC-SHA256, 32 hexadecimal digits): equal values stay equal within the system.</summary>
    public const string Hash = "hash";
}
