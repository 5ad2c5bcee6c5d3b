namespace MlSystem.Training.Storage;

/// <summary>One version of a pipeline; never changed.</summary>
public sealed class PipelineRow
{
    public required string Name { get; init; }

    /// <summary>1, 2, 3 … within the pipeline.</summary>
    public required int Version { get; init; }

    /// <summary>The definition as canonical JSON.</summary>
    public required string Definition { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }
}

/// <summary>One run: an entry of the queue, then its record.</summary>
public sealed class RunRow
{
    /// <summary>UUIDv7, so that the order of ids is the order of the queue.</summary>
    public required string Id { get; init; }

    public required string Pipeline { get; init; }

    public required int PipelineVersion { get; init; }

    /// <summary>The sample whose preparation comes before the pipeline's own steps.</summary>
    public string? Sample { get; init; }

    /// <summary>One of <see cref="Runs.RunState"/>.</summary>
    public required string State { get; set; }

    public required string TriggerKind { get; init; }

    public string? TriggerEvidence { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    public string? Error { get; set; }

    public string? FailedStep { get; set; }

    public bool CancelRequested { get; set; }

    public string? LeaseOwner { get; set; }

    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>Counts claims; a worker that holds an older number has lost the run.</summary>
    public long LeaseNumber { get; set; }

    public string? Model { get; set; }

    public int? ModelVersion { get; set; }

    /// <summary>The tracked run in the registry.</summary>
    public string? TrackingRunId { get; set; }

    /// <summary>Runs of the pipeline that may run at a time, as its definition said when this one was asked for.</summary>
    public int Concurrency { get; set; } = 1;

    /// <summary>Which of them this one is while it runs, from 0.</summary>
    public int Slot { get; set; }

    /// <summary>Number of the last event of this run.</summary>
    public long LastEvent { get; set; }
}

/// <summary>One step of a run.</summary>
public sealed class StepRow
{
    public required string RunId { get; init; }

    public required int Index { get; init; }

    public required string Name { get; init; }

    /// <summary>One of <see cref="Runs.StepState"/>.</summary>
    public required string State { get; set; }

    public int Attempts { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>Of the attempt that succeeded or failed last.</summary>
    public long? DurationMilliseconds { get; set; }

    public string? Error { get; set; }

    /// <summary>Files with their hashes, as JSON.</summary>
    public string? Outputs { get; set; }

    /// <summary>Files of earlier steps that were read, with their hashes, as JSON.</summary>
    public string? Inputs { get; set; }

    /// <summary>Fingerprint of all that the step depends on; null where it is not cached.</summary>
    public string? CacheKey { get; set; }

    /// <summary>The run whose outputs were taken over.</summary>
    public string? CachedFrom { get; set; }

    /// <summary>One of <see cref="Pipelines.ExecutorKind"/>.</summary>
    public string? Executor { get; set; }
}

/// <summary>Something that a watcher of a run is told.</summary>
public sealed class RunEventRow
{
    public required string RunId { get; init; }

    /// <summary>1, 2, 3 … within the run.</summary>
    public required long Sequence { get; init; }

    /// <summary>One of <see cref="Runs.RunEventType"/>.</summary>
    public required string Type { get; init; }

    public required string Data { get; init; }
}

/// <summary>An event written with the change that it tells of, until the event log has it.</summary>
public sealed class OutboxRow
{
    public long Id { get; init; }

    public required string EventId { get; init; }

    public required string Topic { get; init; }

    public required string Key { get; init; }

    public required string Type { get; init; }

    public required string Payload { get; init; }

    public required DateTimeOffset Time { get; init; }
}

/// <summary>The one run of a sample.</summary>
public sealed class SampleRow
{
    public required string Name { get; init; }

    public required string RunId { get; init; }
}
