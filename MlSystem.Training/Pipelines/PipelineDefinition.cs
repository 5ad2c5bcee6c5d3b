namespace MlSystem.Training.Pipelines;

/// <summary>A pipeline as it is declared: from labelled rows to a registered model version. Immutable; a change makes the next version.</summary>
public sealed record PipelineDefinition
{
    /// <summary>1–63 of <c>a–z 0–9 _ -</c>, beginning with a letter.</summary>
    public required string Name { get; init; }

    public string? Description { get; init; }

    public required SourceSpec Source { get; init; }

    public required ValidationSpec Validation { get; init; }

    public required SplitSpec Split { get; init; }

    public required TrainerSpec Trainer { get; init; }

    public required EvaluationSpec Evaluation { get; init; }

    public required GateSpec Gate { get; init; }

    public required RegisterSpec Register { get; init; }
}

/// <summary>Labels, joined with the features of a service as of each label's time.</summary>
public sealed record SourceSpec
{
    public required string FeatureService { get; init; }

    /// <summary>A version of the feature service; null takes the newest when a run starts.</summary>
    public int? FeatureServiceVersion { get; init; }

    public required LabelSpec Labels { get; init; }
}

/// <summary>Where labels come from: exactly one of <see cref="File"/> and <see cref="Table"/>.</summary>
public sealed record LabelSpec
{
    /// <summary>A CSV file, relative to the folder of samples; its columns may be more than are read.</summary>
    public string? File { get; init; }

    /// <summary>Column → values, all of one length: join keys, event timestamp and label.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Table { get; init; }

    public required string LabelColumn { get; init; }

    /// <summary>The moment as of which features are joined (RFC 3339).</summary>
    public string EventTimestampColumn { get; init; } = "event_timestamp";
}

/// <summary>What the joined rows must fulfil before anything is trained on them.</summary>
public sealed record ValidationSpec
{
    public long MinRows { get; init; } = 100;

    /// <summary>Largest share of missing values that any feature may have, 0 to 1.</summary>
    public double MaxMissingShare { get; init; } = 0.5;

    /// <summary>Stricter or looser shares for single features.</summary>
    public IReadOnlyDictionary<string, double> ColumnMaxMissingShare { get; init; } = new Dictionary<string, double>();

    /// <summary>The exact set of label classes; null accepts any two (binary) or more (multiclass).</summary>
    public IReadOnlyList<string>? LabelClasses { get; init; }

    /// <summary>Smallest share of rows that each class must have, 0 to 0.5.</summary>
    public double MinClassShare { get; init; } = 0.001;
}

/// <summary>How rows are held out for evaluation and gate.</summary>
public sealed record SplitSpec
{
    /// <summary>One of <see cref="SplitKind"/>.</summary>
    public string Kind { get; init; } = SplitKind.Hash;

    /// <summary>Share of rows held out, above 0 and below 1.</summary>
    public double TestShare { get; init; } = 0.2;

    public long Seed { get; init; }
}

/// <summary>Kinds of split.</summary>
public static class SplitKind
{
    /// <summary>By a hash of seed and join keys: an entity is always on one side, also in later runs.</summary>
    public const string Hash = "hash";

    /// <summary>The newest rows are held out; rows of one moment stay together.</summary>
    public const string Time = "time";

    /// <summary>By hash within each class, so that both sides have the same class shares.</summary>
    public const string Stratified = "stratified";

    public static IReadOnlyList<string> All { get; } = [Hash, Time, Stratified];
}

/// <summary>Which trainer, for which task, with which parameters.</summary>
public sealed record TrainerSpec
{
    public required string Kind { get; init; }

    /// <summary>One of <c>binary_classification multiclass_classification regression</c>.</summary>
    public required string Task { get; init; }

    public long Seed { get; init; }

    /// <summary>The trainer's own parameters; what is absent takes the trainer's default.</summary>
    public IReadOnlyDictionary<string, double> Parameters { get; init; } = new Dictionary<string, double>();
}

/// <summary>Which metrics are computed on the held-out rows.</summary>
public sealed record EvaluationSpec
{
    /// <summary>Names of metrics that the task has; empty means all.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = [];
}

/// <summary>What a model must reach to be given the alias.</summary>
public sealed record GateSpec
{
    public IReadOnlyList<MetricThreshold> Thresholds { get; init; } = [];

    /// <summary>Comparison with the version that holds the alias; null compares nothing.</summary>
    public ChampionSpec? Champion { get; init; }
}

/// <summary>An absolute bound of one metric: at least one of the two is set.</summary>
public sealed record MetricThreshold
{
    public required string Metric { get; init; }

    public double? Min { get; init; }

    public double? Max { get; init; }
}

/// <summary>The gate refuses a model whose loss on the held-out rows is significantly above the champion's.</summary>
public sealed record ChampionSpec
{
    /// <summary>Level of the one-sided paired test, above 0 and at most 0.5.</summary>
    public double Level { get; init; } = 0.05;
}

/// <summary>Under which name a version is registered and which alias it gets when the gate passes.</summary>
public sealed record RegisterSpec
{
    public required string Model { get; init; }

    /// <summary>Null registers without an alias.</summary>
    public string? Alias { get; init; }
}
