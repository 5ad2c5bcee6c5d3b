using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>A run as the API shows it.</summary>
public sealed record RunView
{
    public required string RunId { get; init; }

    public required string Pipeline { get; init; }

    public required int PipelineVersion { get; init; }

    public string? Sample { get; init; }

    public required string State { get; init; }

    public required RunTrigger Trigger { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Why it failed or was cancelled.</summary>
    public string? Error { get; init; }

    public string? FailedStep { get; init; }

    public string? Model { get; init; }

    public int? ModelVersion { get; init; }

    /// <summary>The run in the registry's tracking API.</summary>
    public string? TrackingRunId { get; init; }

    /// <summary>Absent in lists.</summary>
    public IReadOnlyList<StepView>? Steps { get; init; }

    internal static RunView Of(RunRow run, IReadOnlyList<StepRow>? steps) => new()
    {
        RunId = run.Id,
        Pipeline = run.Pipeline,
        PipelineVersion = run.PipelineVersion,
        Sample = run.Sample,
        State = run.State,
        Trigger = new RunTrigger { Kind = run.TriggerKind, Evidence = run.TriggerEvidence },
        CreatedAt = run.CreatedAt,
        StartedAt = run.StartedAt,
        FinishedAt = run.FinishedAt,
        Error = run.Error,
        FailedStep = run.FailedStep,
        Model = run.Model,
        ModelVersion = run.ModelVersion,
        TrackingRunId = run.TrackingRunId,
        Steps = steps is null ? null : [.. steps.Select(StepView.Of)],
    };
}

/// <summary>A step as the API shows it.</summary>
public sealed record StepView
{
    public required string Name { get; init; }

    /// <summary>One of <see cref="StepState"/>.</summary>
    public required string State { get; init; }

    public required int Attempts { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Of the last attempt that ended.</summary>
    public double? DurationSeconds { get; init; }

    public string? Error { get; init; }

    public IReadOnlyList<StepOutput> Outputs { get; init; } = [];

    /// <summary>Files of earlier steps that it read.</summary>
    public IReadOnlyList<StepInput>? Inputs { get; init; }

    /// <summary>Fingerprint of all that it depends on; absent where it is not cached.</summary>
    public string? CacheKey { get; init; }

    /// <summary>The run whose outputs were taken over.</summary>
    public string? CachedFrom { get; init; }

    /// <summary>Where it ran.</summary>
    public string? Executor { get; init; }

    internal static StepView Of(StepRow step) => new()
    {
        Name = step.Name,
        State = step.State,
        Attempts = step.Attempts,
        StartedAt = step.StartedAt,
        FinishedAt = step.FinishedAt,
        DurationSeconds = step.DurationMilliseconds / 1000.0,
        Error = step.Error,
        Inputs = step.Inputs is null ? null : JsonSerializer.Deserialize(step.Inputs, TrainingJson.Default.IReadOnlyListStepInput),
        CacheKey = step.CacheKey,
        CachedFrom = step.CachedFrom,
        Executor = step.Executor,
        Outputs = step.Outputs is null ? [] : JsonSerializer.Deserialize(step.Outputs, TrainingJson.Default.IReadOnlyListStepOutput)!,
    };
}

/// <summary>A page of runs, newest first.</summary>
/// <param name="Next">Pass as <c>before</c> for the next page; absent on the last.</param>
public sealed record RunList(IReadOnlyList<RunView> Runs, string? Next);

/// <summary>Body of a request to run a pipeline; all of it may be left out.</summary>
public sealed record RunRequest
{
    /// <summary>One of <c>manual schedule drift new_data online upstream</c>; default <c>manual</c>.</summary>
    public string? Trigger { get; init; }

    /// <summary>What caused it: an alert id, a cron expression; default the caller.</summary>
    public string? Evidence { get; init; }
}
