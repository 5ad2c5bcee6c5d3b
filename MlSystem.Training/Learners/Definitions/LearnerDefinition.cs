namespace MlSystem.Training.Learners.Definitions;

/// <summary>An online learner as it is declared.</summary>
public sealed record LearnerDefinition
{
    public required string Name { get; init; }

    public string? Description { get; init; }

    /// <summary>One of <see cref="LearnerKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>One of <c>binary_classification</c> and <c>regression</c>.</summary>
    public required string Task { get; init; }

    public required LearnerSource Source { get; init; }

    public required LearnerFeatures Features { get; init; }

    public required LearnerLabel Label { get; init; }

    /// <summary>Given parameters; <see cref="LearnerParameters"/> knows the others' defaults.</summary>
    public IReadOnlyDictionary<string, double> Parameters { get; set; } = new Dictionary<string, double>(StringComparer.Ordinal);

    public LearnerDrift Drift { get; set; } = new();

    /// <summary>Rows that the sliding metrics cover, 100 to 1,000,000.</summary>
    public int MetricWindow { get; set; } = 10_000;

    public LearnerCheckpoint Checkpoint { get; set; } = new();

    public LearnerSnapshots? Snapshots { get; init; }

    public LearnerWarmStart? WarmStart { get; init; }

    /// <summary>A parameter's value, given or by default.</summary>
    public double Parameter(string name) => Parameters.TryGetValue(name, out var value) ? value : LearnerParameters.Of(Kind)[name].Default;
}

/// <summary>Kinds of learner.</summary>
public static class LearnerKind
{
    public const string Ftrl = "ftrl";
    public const string Linear = "linear";
    public const string PassiveAggressive = "passive_aggressive";
    public const string MatrixFactorization = "matrix_factorization";

    public static IReadOnlyList<string> All { get; } = [Ftrl, Linear, PassiveAggressive, MatrixFactorization];

    /// <summary>The tasks that a kind can learn; the first is its default.</summary>
    public static IReadOnlyList<string> Tasks(string kind) => kind switch
    {
        Ftrl => [Contracts.ModelTask.BinaryClassification],
        PassiveAggressive => [Contracts.ModelTask.BinaryClassification, Contracts.ModelTask.Regression],
        _ => [Contracts.ModelTask.Regression],
    };
}

/// <summary>Where labelled rows come from.</summary>
public sealed record LearnerSource
{
    public const string Events = "events";
    public const string TopicRows = "topic";
    public const string EndpointRows = "endpoint";

    public static IReadOnlyList<string> Kinds { get; } = [Events, TopicRows, EndpointRows];

    /// <summary><c>events</c>: <c>POST /api/learners/{l}/events</c>; <c>topic</c>: JSON rows of a topic; <c>endpoint</c>: an endpoint's logged predictions joined with their feedback.</summary>
    public string Kind { get; set; } = Events;

    public string? Topic { get; init; }

    public string? Endpoint { get; init; }

    /// <summary>Endpoint: predictions and labels that may wait for each other, 100 to 10,000,000; the oldest leave first.</summary>
    public int JoinRows { get; set; } = 100_000;

    /// <summary>Endpoint: how long they wait, above 0 to 8,760 hours.</summary>
    public double JoinHours { get; set; } = 168;
}

/// <summary>Input columns.</summary>
public sealed record LearnerFeatures
{
    public IReadOnlyList<LearnerNumber> Numeric { get; set; } = [];

    public IReadOnlyList<string> Categorical { get; set; } = [];

    /// <summary>One of <see cref="LearnerScaling"/>.</summary>
    public string Scaling { get; set; } = LearnerScaling.Standard;

    /// <summary>Categories are hashed into 2^bits slots, 8 to 24.</summary>
    public int Bits { get; set; } = 18;

    /// <summary>Categories of a column that an exported model can name, 1 to 1,000,000.</summary>
    public int Vocabulary { get; set; } = 10_000;

    /// <summary>All columns in the order of the model's inputs.</summary>
    public IEnumerable<(string Name, string Datatype)> Columns() => [.. Numeric.Select(n => (n.Name, n.Datatype)), .. Categorical.Select(c => (c, "BYTES"))];
}

/// <summary>A numeric column.</summary>
/// <param name="Datatype">One of <c>FP32 FP64 INT32 INT64</c>; the integers can't be missing.</param>
public sealed record LearnerNumber(string Name, string Datatype)
{
    public static IReadOnlyList<string> Datatypes { get; } = ["FP32", "FP64", "INT32", "INT64"];

    internal bool Nullable => Datatype.StartsWith("FP", StringComparison.Ordinal);
}

/// <summary>What is done to numeric columns.</summary>
public static class LearnerScaling
{
    /// <summary>Mean 0 and deviation 1 by running statistics, cut to ±10; a regression's label as well.</summary>
    public const string Standard = "standard";
    public const string None = "none";

    public static IReadOnlyList<string> All { get; } = [Standard, None];
}

/// <summary>The label of a row.</summary>
public sealed record LearnerLabel
{
    /// <summary>Its column in events.</summary>
    public string Column { get; set; } = "label";

    /// <summary>Binary classification: both classes, the positive one second.</summary>
    public IReadOnlyList<string> Classes { get; set; } = [];

    /// <summary>Weight of a class, above 0 to 1,000,000; 1 where it is not named.</summary>
    public IReadOnlyDictionary<string, double> ClassWeights { get; set; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>A column of events with the row's weight, above 0; without it every row weighs 1.</summary>
    public string? WeightColumn { get; init; }
}

/// <summary>What watches the loss of each row, and what follows when it rises.</summary>
public sealed record LearnerDrift
{
    public const string Adwin = "adwin";
    public const string PageHinkley = "page_hinkley";
    public const string None = "none";
    public const string Reset = "reset";
    public const string Faster = "faster";

    public static IReadOnlyList<string> Detectors { get; } = [Adwin, PageHinkley];

    public static IReadOnlyList<string> Actions { get; } = [None, Reset, Faster];

    public string Detector { get; set; } = Adwin;

    /// <summary><c>none</c> counts alarms only; <c>reset</c> forgets the weights; <c>faster</c> makes the steps large again.</summary>
    public string Action { get; set; } = None;

    /// <summary>ADWIN: chance of a false cut, above 0 and below 1.</summary>
    public double Delta { get; set; } = 0.002;

    /// <summary>ADWIN: rows between checks, 1 to 10,000.</summary>
    public int Clock { get; set; } = 32;

    /// <summary>Page–Hinkley: tolerated change, 0 to 1.</summary>
    public double Tolerance { get; set; } = 0.005;

    /// <summary>Page–Hinkley: accumulated excess that is an alarm, above 0 to 1,000,000.</summary>
    public double Threshold { get; set; } = 50;
}

/// <summary>How often weights and offsets are made durable; whichever comes first.</summary>
public sealed record LearnerCheckpoint
{
    /// <summary>1 to 10,000,000 rows.</summary>
    public int Events { get; set; } = 50_000;

    /// <summary>0.1 to 3,600 seconds.</summary>
    public double Seconds { get; set; } = 2;
}

/// <summary>Registered snapshots; whichever of events and seconds comes first, and only after new rows.</summary>
public sealed record LearnerSnapshots
{
    public required string Model { get; init; }

    /// <summary>Rows between two snapshots, 1 to 1,000,000,000; null: not by rows.</summary>
    public long? Events { get; init; }

    /// <summary>Seconds between two snapshots, 1 to 31,536,000; null: not by time.</summary>
    public double? Seconds { get; init; }

    /// <summary>Snapshots whose weights are kept for rollback, 1 to 1,000.</summary>
    public int Keep { get; set; } = 10;

    /// <summary>The alias that a version gets when it passes the gate.</summary>
    public string? Alias { get; init; }

    /// <summary>Bounds on prequential metrics; a version beyond one is registered as refused and gets no alias.</summary>
    public IReadOnlyList<LearnerGate> Gate { get; set; } = [];
}

/// <summary>A bound on a metric of the sliding window; the bound itself passes.</summary>
public sealed record LearnerGate(string Metric, double? Min, double? Max);

/// <summary>Weights to begin with: those of a snapshot that is registered as this version.</summary>
public sealed record LearnerWarmStart(string Model, int Version);
