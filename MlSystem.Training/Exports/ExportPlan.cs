using MlSystem.Training.Executors;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Exports;

/// <summary>What another orchestrator needs to carry a pipeline out: containers in order, each with the command that the service itself gives its child processes and Jobs.</summary>
internal sealed record ExportPlan
{
    public required string Pipeline { get; init; }

    public required int Version { get; init; }

    public required string? Description { get; init; }

    /// <summary>When the version was stored: a schedule's beginning.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Runs at a time.</summary>
    public required int Concurrency { get; init; }

    public required ExportSite Site { get; init; }

    /// <summary>Environment of every container: settings that hold no keys.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public required IReadOnlyList<ExportStep> Steps { get; init; }

    public required IReadOnlyList<TriggerSpec> Triggers { get; init; }
}

/// <summary>Where the containers run.</summary>
/// <param name="DataDirectory">Where the claim is mounted.</param>
internal sealed record ExportSite(string Image, string Program, string VolumeClaim, string? SubPath, string DataDirectory)
{
    public string? ServiceAccount { get; init; }

    public string? Namespace { get; init; }

    public IReadOnlyList<string> Secrets { get; init; } = [];

    public IReadOnlyList<string> ConfigMaps { get; init; } = [];

    public IReadOnlyList<string> PullSecrets { get; init; } = [];
}

/// <summary>One container.</summary>
/// <param name="Executor">Bounds, image and nodes, where the pipeline names them.</param>
internal sealed record ExportStep(string Name, string Steps, string Definition, int Attempts, TimeSpan RetryDelay, TimeSpan MaxRetryDelay, TimeSpan? Timeout, ExecutorSpec? Executor)
{
    /// <summary>The arguments behind the program.</summary>
    /// <param name="run">What the orchestrator puts in for a run's id.</param>
    /// <param name="trigger">What it puts in for what started the run.</param>
    public IReadOnlyList<string> Arguments(int version, string run, string trigger, string evidence) =>
    [
        StepProcess.Command,
        ExportedStep.Name, Name,
        ExportedStep.Steps, Steps,
        ExportedStep.Version, version.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ExportedStep.Run, run,
        ExportedStep.Trigger, trigger,
        ExportedStep.Evidence, evidence,
        ExportedStep.Definition, Definition,
    ];
}
