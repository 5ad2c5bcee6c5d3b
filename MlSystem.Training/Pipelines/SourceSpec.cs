namespace MlSystem.Training.Pipelines;

/// <summary>Where rows come from: exactly one of <see cref="FeatureService"/> (with <see cref="Labels"/>), <see cref="File"/>, <see cref="Table"/> and <see cref="Predictions"/>.</summary>
public sealed record SourceSpec
{
    /// <summary>Labels are joined with the features of this service as of each label's time.</summary>
    public string? FeatureService { get; init; }

    /// <summary>A version of the feature service; null takes the newest when a run starts.</summary>
    public int? FeatureServiceVersion { get; init; }

    public LabelSpec? Labels { get; init; }

    public FileSource? File { get; init; }

    public TableSource? Table { get; init; }

    public PredictionSource? Predictions { get; init; }
}

/// <summary>Where labels come from: exactly one of <see cref="File"/> and <see cref="Table"/>.</summary>
public sealed record LabelSpec
{
    /// <summary>A CSV or Parquet file below the folder of sources or of samples; its columns may be more than are read.</summary>
    public string? File { get; init; }

    /// <summary>Column → values, all of one length: join keys, event timestamp and label.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Table { get; init; }

    public required string LabelColumn { get; init; }

    /// <summary>The moment as of which features are joined (RFC 3339).</summary>
    public string EventTimestampColumn { get; init; } = "event_timestamp";
}

/// <summary>A file that has features and label side by side.</summary>
public sealed record FileSource
{
    /// <summary>A <c>.csv</c> or <c>.parquet</c> file, relative to the folder of sources (else of samples).</summary>
    public required string Path { get; init; }

    public required ColumnRoles Columns { get; init; }
}

/// <summary>Rows in the definition itself, or those of a feature view: exactly one of <see cref="Rows"/> and <see cref="FeatureView"/>.</summary>
public sealed record TableSource
{
    /// <summary>Column → values, all of one length.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Rows { get; init; }

    /// <summary>A feature view; every row of its offline store is a row, its features as of its event time.</summary>
    public string? FeatureView { get; init; }

    public required ColumnRoles Columns { get; init; }
}

/// <summary>Labelled predictions of an endpoint: inputs of the requests, and what feedback said to be true.</summary>
public sealed record PredictionSource
{
    public required string Endpoint { get; init; }

    /// <summary>Only predictions of the last so many days before the run was asked for; null takes all that are kept.</summary>
    public double? Days { get; init; }

    /// <summary>Inputs that this service covers are bound to it again, so that serving may look them up; null binds none.</summary>
    public string? FeatureService { get; init; }

    public required ColumnRoles Columns { get; init; }
}

/// <summary>What the columns of rows are.</summary>
public sealed record ColumnRoles
{
    /// <summary>Empty for predictions, whose label comes with them.</summary>
    public string LabelColumn { get; init; } = "";

    /// <summary>When a row was true (RFC 3339); null when rows have no time.</summary>
    public string? EventTimestampColumn { get; init; }

    /// <summary>Columns that say whom a row is about (user, item …): not inputs, unless named as features too; rows of one entity stay on one side of a split.</summary>
    public IReadOnlyList<string> EntityColumns { get; init; } = [];

    /// <summary>Input column → datatype (<c>FP32 FP64 INT32 INT64 BOOL BYTES</c>), or <c>auto</c>: FP64 where every value is a number, else BYTES. Empty: all other columns, typed by themselves.</summary>
    public IReadOnlyDictionary<string, string> Features { get; init; } = new Dictionary<string, string>();
}
