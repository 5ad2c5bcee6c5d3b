namespace MlSystem.Contracts;

/// <summary>Where a model version comes from: <c>lineage.json</c>.</summary>
public sealed record ModelLineage
{
    /// <summary>The tracked run in the registry.</summary>
    public required string RunId { get; init; }

    public string? Pipeline { get; init; }

    /// <summary>The pipeline's run in the training service.</summary>
    public string? PipelineRunId { get; init; }

    /// <summary>SHA-256 over the training rows as joined, 64 lower-case hexadecimal digits.</summary>
    public required string DataFingerprint { get; init; }

    public required long TrainingRows { get; init; }

    /// <summary>The feature service that covers this version's inputs; null when all inputs come with the request.</summary>
    public string? FeatureService { get; init; }

    public int? FeatureServiceVersion { get; init; }

    /// <summary>Join keys by which inputs that a request leaves out are looked up.</summary>
    public IReadOnlyList<TensorSpec> JoinKeys { get; set; } = [];

    /// <summary>Columns that computed features of the feature service come from; a request that leaves such features out brings them along. Lists are <c>[-1, -1]</c>, times are RFC 3339 text.</summary>
    public IReadOnlyList<TensorSpec> RequestColumns { get; set; } = [];

    public required string CodeVersion { get; init; }

    public required IReadOnlyDictionary<string, string> Parameters { get; init; }

    public required long Seed { get; init; }

    public int? ParentVersion { get; init; }

    public required RunTrigger Trigger { get; init; }

    public required DateTimeOffset TrainedAt { get; init; }
}

/// <summary>Why a run started.</summary>
public sealed record RunTrigger
{
    /// <summary>One of <c>manual schedule drift new_data online upstream</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Who or what: a principal, a cron expression, an alert id.</summary>
    public string? Evidence { get; init; }
}
