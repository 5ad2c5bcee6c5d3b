using MlSystem.Training.Trainers;

namespace MlSystem.Training.Tuning;

/// <summary>Which parameters of the trainer are searched, how, and by what they are judged: section <c>tuning</c>.</summary>
public sealed record TuningSpec
{
    /// <summary>One of <see cref="TuningAlgorithm"/>.</summary>
    public string Algorithm { get; init; } = TuningAlgorithm.Tpe;

    /// <summary>What Hyperband and ASHA draw new trials with: random or tpe.</summary>
    public string Sampler { get; init; } = TuningAlgorithm.Random;

    /// <summary>TPE: whether parameters are modelled together instead of one by one.</summary>
    public bool Multivariate { get; init; }

    /// <summary>The task's metric that is improved on the inner validation rows.</summary>
    public required string Metric { get; init; }

    /// <summary>Whether a smaller value is better.</summary>
    public bool Minimize { get; init; }

    public int MaxTrials { get; init; }

    /// <summary>Trials at a time, 1 to 64.</summary>
    public int ParallelTrials { get; init; }

    /// <summary>Seconds after which no trial begins; null sets no bound.</summary>
    public long? TimeLimitSeconds { get; init; }

    public long Seed { get; init; }

    /// <summary>0: one hold-out by the pipeline's own kind of split; 2 to 20: that many folds by entity.</summary>
    public int Folds { get; init; }

    /// <summary>Share of the training rows held out inside, above 0 and below 1.</summary>
    public double ValidationShare { get; init; }

    /// <summary>By parameter name.</summary>
    public required IReadOnlyDictionary<string, DimensionSpec> Space { get; init; }

    public ResourceSpec? Resource { get; init; }

    public MedianStoppingSpec? MedianStopping { get; init; }
}

/// <summary>Ways to search.</summary>
public static class TuningAlgorithm
{
    public const string Grid = "grid";
    public const string Random = "random";
    public const string Tpe = "tpe";
    public const string Hyperband = "hyperband";
    public const string Asha = "asha";

    public static IReadOnlyList<string> All { get; } = [Grid, Random, Tpe, Hyperband, Asha];
}

/// <summary>What one parameter may be.</summary>
public sealed record DimensionSpec
{
    /// <summary>One of <c>uniform</c>, <c>log_uniform</c>, <c>int</c>, <c>choice</c>.</summary>
    public required string Type { get; init; }

    public double Min { get; init; }

    public double Max { get; init; }

    /// <summary>Whole numbers: whether equal ratios are equally likely.</summary>
    public bool Log { get; init; }

    /// <summary>Grid: points of a number; 0 for whole numbers takes each.</summary>
    public int Points { get; init; }

    /// <summary>Values of a choice.</summary>
    public IReadOnlyList<ParameterValue>? Values { get; init; }
}

/// <summary>What trials get more and more of: a whole-number parameter such as boosting rounds or epochs.</summary>
public sealed record ResourceSpec
{
    public required string Parameter { get; init; }

    public int Min { get; init; }

    public int Max { get; init; }

    /// <summary>η: each rung has so many times the resource of the one before, 2 to 10.</summary>
    public int ReductionFactor { get; init; }
}

/// <summary>Ends trials whose best checkpoint is worse than the median of the others.</summary>
public sealed record MedianStoppingSpec
{
    public int WarmUpTrials { get; init; }

    public int WarmUpCheckpoints { get; init; }
}
