using System.ComponentModel.DataAnnotations;

namespace MlSystem.Contracts;

/// <summary>How a version wants to be executed: <c>execution.json</c> in its artifact folder; null leaves the server's default.</summary>
public sealed record ExecutionSettings
{
    /// <summary>Largest size of a warm-up batch.</summary>
    public const int MaxWarmUpBatchSize = 65_536;

    /// <summary>Most warm-up batches.</summary>
    public const int MaxWarmUpBatches = 32;

    /// <summary>Threads inside one operator.</summary>
    [Range(1, 256, ErrorMessage = "intra_op_threads must be 1 to 256")]
    public int? IntraOpThreads { get; init; }

    /// <summary>Operators that run at once; above 1 the graph's branches run in parallel.</summary>
    [Range(1, 256, ErrorMessage = "inter_op_threads must be 1 to 256")]
    public int? InterOpThreads { get; init; }

    /// <summary>One of <see cref="Contracts.GraphOptimization"/>.</summary>
    [AllowedValues(
        null, Contracts.GraphOptimization.None, Contracts.GraphOptimization.Basic, Contracts.GraphOptimization.Extended, Contracts.GraphOptimization.All,
        ErrorMessage = "graph_optimization must be none, basic, extended or all")]
    public string? GraphOptimization { get; init; }

    /// <summary>Runs of the model at once on one replica.</summary>
    [Range(1, 256, ErrorMessage = "instances must be 1 to 256")]
    public int? Instances { get; init; }

    /// <summary>Whether the runtime keeps freed memory for its next run: faster, and the memory of the largest run stays taken.</summary>
    public bool? MemoryArena { get; init; }

    /// <summary>Rows of the batches that warm the model up, each 1 to <see cref="MaxWarmUpBatchSize"/>, at most <see cref="MaxWarmUpBatches"/> of them.</summary>
    public IReadOnlyList<int> WarmUpBatchSizes { get; set; } = [];
}

/// <summary>How far the runtime rewrites a model's graph before it runs it.</summary>
public static class GraphOptimization
{
    public const string None = "none";

    /// <summary>Rewriting that keeps the operators: constants folded, what has no effect removed.</summary>
    public const string Basic = "basic";

    /// <summary>Also operators fused for the processor.</summary>
    public const string Extended = "extended";

    /// <summary>Also data laid out for the processor.</summary>
    public const string All = "all";
}
