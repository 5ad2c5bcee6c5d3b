namespace MlSystem.Registry.Storage;

/// <summary>A data set as MLflow describes it; the same name and digest in one experiment is the same data set.</summary>
internal sealed class Dataset
{
    public required long ExperimentId { get; init; }
    public required string Name { get; init; }
    public required string Digest { get; init; }
    public required string SourceType { get; set; }
    public required string Source { get; set; }
    public string? Schema { get; set; }
    public string? Profile { get; set; }
}

/// <summary>A data set that a run read.</summary>
internal sealed class RunDataset
{
    public required string RunId { get; init; }
    public required long ExperimentId { get; init; }
    public required string Name { get; init; }
    public required string Digest { get; init; }
}

internal sealed class RunDatasetTag
{
    public required string RunId { get; init; }
    public required string Name { get; init; }
    public required string Digest { get; init; }
    public required string Key { get; init; }
    public required string Value { get; set; }
}

/// <summary>A logged model that a run read or made.</summary>
internal sealed class RunModel
{
    public required string RunId { get; init; }
    public required string ModelId { get; init; }
    public required bool IsOutput { get; init; }

    /// <summary>The training step of an output; 0 of an input.</summary>
    public required long Step { get; set; }
}
