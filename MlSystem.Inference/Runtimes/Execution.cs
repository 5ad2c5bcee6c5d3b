using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using MlSystem.Contracts;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace MlSystem.Inference.Runtimes;

/// <summary>How one version is executed: its own <c>execution.json</c> over the server's defaults.</summary>
public sealed record Execution
{
    /// <summary>Threads inside one operator.</summary>
    public required int IntraOpThreads { get; init; }

    /// <summary>Operators of one run that run at once.</summary>
    public required int InterOpThreads { get; init; }

    /// <summary>One of <see cref="Contracts.GraphOptimization"/>.</summary>
    public required string GraphOptimization { get; init; }

    /// <summary>Runs of the model at once; null: one a processor, or one for two processors where rows had better share runs.</summary>
    public required int? Instances { get; init; }

    public required bool MemoryArena { get; init; }

    /// <summary>Rows of the batches that warm the model up beside one row.</summary>
    public required IReadOnlyList<int> WarmUpBatchSizes { get; init; }

    /// <param name="settings">The version's own; null when it came without.</param>
    public static Execution Of(ExecutionSettings? settings, RuntimeOptions defaults) => new()
    {
        IntraOpThreads = settings?.IntraOpThreads ?? defaults.IntraOpThreads,
        InterOpThreads = settings?.InterOpThreads ?? defaults.InterOpThreads,
        GraphOptimization = settings?.GraphOptimization ?? defaults.GraphOptimization,
        Instances = settings?.Instances ?? defaults.Instances,
        MemoryArena = settings?.MemoryArena ?? defaults.MemoryArena,
        WarmUpBatchSizes = settings?.WarmUpBatchSizes is { Count: > 0 } own ? own : defaults.WarmUpBatchSizes,
    };

    /// <summary>For the model metadata.</summary>
    public IEnumerable<KeyValuePair<string, string>> Describe() =>
    [
        new("intra_op_threads", IntraOpThreads.ToString(CultureInfo.InvariantCulture)),
        new("inter_op_threads", InterOpThreads.ToString(CultureInfo.InvariantCulture)),
        new("graph_optimization", GraphOptimization),
        new("instances", Instances?.ToString(CultureInfo.InvariantCulture) ?? "auto"),
        new("memory_arena", MemoryArena ? "true" : "false"),
    ];

    internal SessionOptions ToSessionOptions()
    {
        var session = new SessionOptions
        {
            IntraOpNumThreads = IntraOpThreads,
            InterOpNumThreads = InterOpThreads,
            ExecutionMode = InterOpThreads > 1 ? ExecutionMode.ORT_PARALLEL : ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = Level(GraphOptimization),
            EnableCpuMemArena = MemoryArena,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };

        // Spinning threads would take the cores from the threads that serve requests.
        session.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        session.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        return session;
    }

    private static GraphOptimizationLevel Level(string name) => name switch
    {
        Contracts.GraphOptimization.None => GraphOptimizationLevel.ORT_DISABLE_ALL,
        Contracts.GraphOptimization.Basic => GraphOptimizationLevel.ORT_ENABLE_BASIC,
        Contracts.GraphOptimization.Extended => GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
        Contracts.GraphOptimization.All => GraphOptimizationLevel.ORT_ENABLE_ALL,
        _ => throw new ModelRefusedException($"{ModelFiles.Execution} has the graph_optimization '{name}', which this server does not know"),
    };
}
