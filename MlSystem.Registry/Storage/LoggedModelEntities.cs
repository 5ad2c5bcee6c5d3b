namespace MlSystem.Registry.Storage;

/// <summary>A model of MLflow 3: logged once, before and apart from its registration.</summary>
internal sealed class LoggedModel
{
    /// <summary><c>m-</c> and 32 lower-case hexadecimal digits, ascending in time.</summary>
    public required string ModelId { get; init; }
    public required long ExperimentId { get; init; }
    public required string Name { get; init; }
    public required string ArtifactUri { get; init; }
    public required long CreationTime { get; init; }
    public required long LastUpdatedTime { get; set; }

    /// <summary>One of MLflow's states, such as <c>LOGGED_MODEL_READY</c>.</summary>
    public required string Status { get; set; }
    public string? ModelType { get; init; }
    public string? SourceRunId { get; init; }
    public string LifecycleStage { get; set; } = Storage.LifecycleStage.Active;
    public long? DeletedTime { get; set; }
}

internal sealed class LoggedModelTag
{
    public required string ModelId { get; init; }
    public required string Key { get; init; }
    public required string Value { get; set; }
}

internal sealed class LoggedModelParam
{
    public required string ModelId { get; init; }
    public required string Key { get; init; }
    public required string Value { get; init; }
}

/// <summary>A metric that a run measured of a logged model, with the data set where one was named (else empty).</summary>
internal sealed class LoggedModelMetric
{
    public required string ModelId { get; init; }
    public required string RunId { get; init; }
    public required string Key { get; init; }
    public required string DatasetName { get; init; }
    public required string DatasetDigest { get; init; }
    public required long Timestamp { get; init; }
    public required long Step { get; init; }
    public required double Value { get; init; }
    public required bool IsNan { get; init; }
}
