namespace MlSystem.Registry.Storage;

// All times are Unix milliseconds, as MLflow gives them.

internal sealed class Experiment
{
    public long ExperimentId { get; init; }
    public required string Name { get; set; }
    public required string ArtifactLocation { get; set; }
    public string LifecycleStage { get; set; } = Storage.LifecycleStage.Active;
    public required long CreationTime { get; init; }
    public required long LastUpdateTime { get; set; }

    /// <summary>When it was deleted; null while it is active.</summary>
    public long? DeletedTime { get; set; }
}

internal static class LifecycleStage
{
    public const string Active = "active";
    public const string Deleted = "deleted";
}

internal sealed class ExperimentTag
{
    public required long ExperimentId { get; init; }
    public required string Key { get; init; }
    public required string Value { get; set; }
}

internal sealed class Run
{
    /// <summary>32 lower-case hexadecimal digits, ascending in time.</summary>
    public required string RunId { get; init; }
    public required long ExperimentId { get; init; }
    public required string Name { get; set; }
    public required string UserId { get; init; }
    public required string Status { get; set; }
    public required long StartTime { get; init; }
    public long? EndTime { get; set; }
    public required string ArtifactUri { get; init; }
    public string LifecycleStage { get; set; } = Storage.LifecycleStage.Active;

    /// <summary>When it was deleted; null while it is active. A purge looks at it.</summary>
    public long? DeletedTime { get; set; }
}

internal sealed class RunParam
{
    public required string RunId { get; init; }
    public required string Key { get; init; }
    public required string Value { get; init; }
}

internal sealed class RunTag
{
    public required string RunId { get; init; }
    public required string Key { get; init; }
    public required string Value { get; set; }
}

/// <summary>One logged value. SQLite stores NaN as NULL, hence the flag (the value is then 0).</summary>
internal sealed class MetricPoint
{
    public required string RunId { get; init; }
    public required string Key { get; init; }
    public required long Timestamp { get; init; }
    public required long Step { get; init; }
    public required double Value { get; init; }
    public required bool IsNan { get; init; }
}

/// <summary>The value of a metric at its highest (step, timestamp, value): what a run shows and searches compare.</summary>
internal sealed class LatestMetric
{
    public required string RunId { get; init; }
    public required string Key { get; init; }
    public required long Timestamp { get; init; }
    public required long Step { get; init; }
    public required double Value { get; init; }
    public required bool IsNan { get; init; }
}

/// <summary>One entry of the artifact tree: a folder, or a file that points at a blob by its hash.</summary>
internal sealed class ArtifactEntry
{
    /// <summary>Path from the artifact root, with forward slashes.</summary>
    public required string Path { get; init; }

    /// <summary>Path of the folder that holds it; empty for the root.</summary>
    public required string Folder { get; init; }
    public required bool IsDirectory { get; init; }
    public string? Sha256 { get; set; }
    public long SizeBytes { get; set; }
    public required long UpdatedAt { get; set; }
}

/// <summary>A stored content; whoever stores, references or removes it locks this row.</summary>
internal sealed class BlobRow
{
    public required string Sha256 { get; init; }
    public required long SizeBytes { get; init; }

    /// <summary>When it was last uploaded or referenced anew.</summary>
    public required long UsedAt { get; set; }
}
