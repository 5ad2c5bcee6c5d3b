using System.ComponentModel.DataAnnotations;
using MlSystem.Contracts;

namespace MlSystem.Inference.Runtimes;

/// <summary>Settings of model execution: section <c>Inference:Runtime</c>. A version's own <c>execution.json</c> comes before them.</summary>
public sealed class RuntimeOptions
{
    /// <summary>Threads inside one operator, 1 to 256. One is best for small models, whose work is shorter than waking a second thread.</summary>
    [Range(1, 256)]
    public int IntraOpThreads { get; set; } = 1;

    /// <summary>Operators of one run that run at once, 1 to 256; above 1 the branches of a graph run in parallel.</summary>
    [Range(1, 256)]
    public int InterOpThreads { get; set; } = 1;

    /// <summary>How far a graph is rewritten before it runs: <c>none</c>, <c>basic</c>, <c>extended</c> or <c>all</c> (default).</summary>
    [AllowedValues(Contracts.GraphOptimization.None, Contracts.GraphOptimization.Basic, Contracts.GraphOptimization.Extended, Contracts.GraphOptimization.All)]
    public string GraphOptimization { get; set; } = Contracts.GraphOptimization.All;

    /// <summary>Runs of one model at once, 1 to 256; null (default): one a processor, or one for two processors where rows had better share runs.</summary>
    [Range(1, 256)]
    public int? Instances { get; set; }

    /// <summary>Whether ONNX Runtime keeps freed memory for the next run. Default true.</summary>
    public bool MemoryArena { get; set; } = true;

    /// <summary>Rows of the batches that warm a model up beside one row and its endpoints' <c>max_batch_size</c>, each 1 to 65,536, at most 32. Default none.</summary>
    [MaxLength(ExecutionSettings.MaxWarmUpBatches)]
    public IReadOnlyList<int> WarmUpBatchSizes { get; set; } = [];

    /// <summary>Bytes of tensors that one pooled set may keep between requests, default 1 MiB; larger ones are freed.</summary>
    [Range(0, long.MaxValue)]
    public long MaxPooledTensorBytes { get; set; } = 1 << 20;

    /// <summary>A model whose warm run takes longer than this many microseconds runs on threads of its own, away from those that serve connections. Default 1,000.</summary>
    [Range(0, long.MaxValue)]
    public long SlowModelMicroseconds { get; set; } = 1_000;

    /// <summary>
    /// A run that is known to take at most this many microseconds may happen on the thread that its request's socket was found ready by,
    /// where other connections wait for it; longer ones go to another thread first. Default 100; 0: none does.
    /// </summary>
    [Range(0, 10_000)]
    public long InlineModelMicroseconds { get; set; } = 100;

    /// <summary>Seconds after which a run is given up as hanging, 0.1 to 86,400, default 60: its callers get an error.</summary>
    [Range(0.1, 86_400)]
    public double WatchdogSeconds { get; set; } = 60;

    /// <summary>Runs in a row that may fail or hang before this replica takes their version out of rotation, 0 to 1,000,000, default 3; 0 never does.</summary>
    [Range(0, 1_000_000)]
    public int MaxCrashes { get; set; } = 3;

    /// <summary>Threads for slow models; 0 (default) means two a processor.</summary>
    [Range(0, 1024)]
    public int SlowModelThreads { get; set; }
}
