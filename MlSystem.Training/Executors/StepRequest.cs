using System.Text.Json.Serialization;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Executors;

/// <summary>All that a process of its own needs to execute a step.</summary>
public sealed record StepRequest
{
    public required string Step { get; init; }

    public required StepRun Run { get; init; }

    public required PipelineDefinition Definition { get; init; }

    /// <summary>The run's folder.</summary>
    public required string Folder { get; init; }

    /// <summary>The steps of the run, in order.</summary>
    public required IReadOnlyList<string> Steps { get; init; }

    /// <summary>Where the step writes; null: it makes its own folder in the run's when it is done.</summary>
    public string? Output { get; init; }

    /// <summary>Settings of the training service; they hold keys, so they travel by standard input only.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; set; } = new Dictionary<string, string?>();

    public static StepRequest Of(IStep step, StepContext context) => new()
    {
        Step = step.Name,
        Run = StepRun.Of(context.Run),
        Definition = context.Definition,
        Folder = Path.GetFullPath(context.Place.Folder.Root),
        Steps = context.Place.Folder.Steps,
        Output = Path.GetFullPath(context.Place.Output),
    };
}

/// <summary>The run as steps know it.</summary>
public sealed record StepRun(string Id, string Pipeline, int PipelineVersion, string? Sample, string TriggerKind, string? TriggerEvidence, DateTimeOffset CreatedAt)
{
    public static StepRun Of(RunRow run) => new(run.Id, run.Pipeline, run.PipelineVersion, run.Sample, run.TriggerKind, run.TriggerEvidence, run.CreatedAt);

    public RunRow ToRow() => new()
    {
        Id = Id,
        Pipeline = Pipeline,
        PipelineVersion = PipelineVersion,
        Sample = Sample,
        State = Runs.RunState.Running,
        TriggerKind = TriggerKind,
        TriggerEvidence = TriggerEvidence,
        CreatedAt = CreatedAt,
    };
}

/// <summary>A line that the process writes on standard output: exactly one member is set.</summary>
public sealed record StepMessage
{
    /// <summary>0 to 1.</summary>
    public double? Progress { get; init; }

    /// <summary>A line of the log.</summary>
    public string? Log { get; init; }

    /// <summary>The step is done.</summary>
    public StepDone? Done { get; init; }

    /// <summary>The step failed.</summary>
    public StepFault? Fault { get; init; }
}

/// <summary>A step that is done.</summary>
public sealed record StepDone(StepFacts Facts, IReadOnlyList<StepRead> Read);

/// <summary>A file of an earlier step that was read.</summary>
public sealed record StepRead(string Step, string File);

/// <summary>Why a step failed, and whether that may pass.</summary>
public sealed record StepFault(string Message, bool MayPass);

/// <summary>JSON between the service and the processes of its steps.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StepRequest))]
[JsonSerializable(typeof(StepMessage))]
internal sealed partial class StepJson : JsonSerializerContext;
