using MlSystem.Training.Gates;
using MlSystem.Training.Trainers;
using MlSystem.Training.Tuning;

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

    /// <summary>The search for the trainer's parameters; null takes those that are declared.</summary>
    public TuningSpec? Tuning { get; init; }

    public required EvaluationSpec Evaluation { get; init; }

    public required GateSpec Gate { get; init; }

    public required RegisterSpec Register { get; init; }

    /// <summary>How runs are carried out: caching, time-outs, attempts, executor, how many at a time.</summary>
    public ExecutionSpec Execution { get; set; } = new();

    /// <summary>What starts runs by itself.</summary>
    public IReadOnlyList<TriggerSpec> Triggers { get; set; } = [];

    /// <summary>What triggers may spend in a day; null sets no bound.</summary>
    public BudgetSpec? Budget { get; set; }
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

/// <summary>Which trainer, for which task, with which parameters.</summary>
public sealed record TrainerSpec
{
    public required string Kind { get; init; }

    /// <summary>One of <see cref="TrainerCatalog.Tasks"/>.</summary>
    public required string Task { get; init; }

    public long Seed { get; init; }

    /// <summary>The trainer's own parameters; what is absent takes the trainer's default.</summary>
    public IReadOnlyDictionary<string, ParameterValue> Parameters { get; init; } = new Dictionary<string, ParameterValue>();

    /// <summary>The version whose weights training starts from; null starts from nothing.</summary>
    public WarmStartSpec? WarmStart { get; init; }
}

/// <summary>A version of the registered model to start from: exactly one of the two is set.</summary>
public sealed record WarmStartSpec
{
    /// <summary>The version that holds this alias when training starts; where there is none yet, training starts from nothing.</summary>
    public string? Alias { get; init; }

    public int? Version { get; init; }
}

/// <summary>Which metrics are computed on the held-out rows.</summary>
public sealed record EvaluationSpec
{
    /// <summary>Names of metrics that the task has; empty means all.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = [];
}

/// <summary>Under which name a version is registered and which alias it gets when the gate passes.</summary>
public sealed record RegisterSpec
{
    public required string Model { get; init; }

    /// <summary>Null registers without an alias.</summary>
    public string? Alias { get; init; }
}
