using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.Batching;

/// <summary>How requests share runs where their endpoint says nothing: section <c>Inference:Batching</c>.</summary>
public sealed class BatchingOptions
{
    /// <summary>Rows up to which requests are put together, 1 to 1,000,000, default 128. A single request with more rows still runs whole unless its endpoint sets <c>max_batch_size</c>.</summary>
    [Range(1, 1_000_000)]
    public int MaxBatchSize { get; set; } = 128;

    /// <summary>Milliseconds of the latency objective of adaptive endpoints that name none, 0.1 to 3,600,000, default 20.</summary>
    [Range(0.1, 3_600_000)]
    public double LatencyObjectiveMs { get; set; } = 20;

    /// <summary>Microseconds that a request must save by sharing a run for a version to be given fewer instances, so that requests meet; 0 to 1,000,000, default 2: about what handing a request over costs.</summary>
    [Range(0, 1_000_000)]
    public double WorthwhileSavingMicroseconds { get; set; } = 2;
}
