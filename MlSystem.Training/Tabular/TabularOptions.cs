namespace MlSystem.Training.Tabular;

/// <summary>Names of the algorithms that <see cref="TabularTrainer"/> knows.</summary>
public static class TabularAlgorithm
{
    /// <summary>Gradient-boosted trees of LightGBM: all tasks.</summary>
    public const string LightGbm = "lightgbm";

    /// <summary>Gradient-boosted trees of ML.NET (MART): all tasks, several classes one against the rest.</summary>
    public const string FastTree = "fasttree";

    /// <summary>Logistic, maximum-entropy or linear regression on standardised features: all tasks.</summary>
    public const string Linear = "linear";
}

/// <summary>How a linear model is fitted.</summary>
public enum LinearSolver
{
    /// <summary>L-BFGS.</summary>
    Auto,

    /// <summary>Limited-memory quasi-Newton (Liu and Nocedal 1989).</summary>
    Lbfgs,

    /// <summary>Stochastic dual coordinate ascent (Shalev-Shwartz and Zhang 2013).</summary>
    Sdca,
}

/// <summary>What is put where a number is missing.</summary>
public enum MissingNumber
{
    Median,
    Mean,
}

/// <summary>Settings of one training; the defaults suit some thousands to some millions of rows.</summary>
public sealed record TabularOptions
{
    /// <summary>One of <see cref="TabularAlgorithm"/>.</summary>
    public string Algorithm { get; init; } = TabularAlgorithm.LightGbm;

    /// <summary>Same data, options and seed give the same bytes.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Threads of the trainer, 1 to 256; has no influence on the result.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Boosting rounds or steps of descent, 1 to 100,000; null: boosting stops where held-out loss is least, at most <see cref="MaximumIterations"/>, descent at convergence.</summary>
    public int? Iterations { get; init; }

    /// <summary>Most boosting rounds that are tried when <see cref="Iterations"/> is null, 1 to 100,000.</summary>
    public int MaximumIterations { get; init; } = 3000;

    /// <summary>Rounds without a better held-out loss after which boosting stops, 1 to 10,000.</summary>
    public int EarlyStoppingRounds { get; init; } = 50;

    /// <summary>Shrinkage of each tree, above 0, at most 1; null: by the number of rows.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Leaves of a tree, 2 to 4,096; null: the best on held-out rows of some sizes that suit the number of rows.</summary>
    public int? Leaves { get; init; }

    /// <summary>Fewest training rows in a leaf, at least 1; null: by the number of rows.</summary>
    public int? MinimumRowsPerLeaf { get; init; }

    /// <summary>Share of features that a LightGBM tree sees, above 0, at most 1; null: by the number of features.</summary>
    public double? FeatureShare { get; init; }

    /// <summary>Share of rows that a LightGBM tree sees, above 0, at most 1.</summary>
    public double RowShare { get; init; } = 0.8;

    /// <summary>L2 penalty on leaf values (LightGBM) or, for the summed loss, on weights (linear), at least 0; null: 1 for trees, chosen on held-out rows for linear models.</summary>
    public double? L2 { get; init; }

    /// <summary>Weight of each class in the loss, above 0; classes that are not named weigh 1.</summary>
    public IReadOnlyDictionary<string, double> ClassWeights { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Further weight of the second of two classes, above 0.</summary>
    public double PositiveWeight { get; init; } = 1;

    /// <summary>Whether each class weighs rows / (classes · its rows), times its own weight.</summary>
    public bool BalancedClasses { get; init; }

    /// <summary>One of <see cref="CalibrationMethod"/>; learned on rows that the calibrated model has not seen.</summary>
    public string Calibration { get; init; } = CalibrationMethod.None;

    /// <summary>How the label of a binary classifier is decided.</summary>
    public LabelThreshold Threshold { get; init; } = new();

    /// <summary>One of <see cref="Tabular.TargetTransform"/>.</summary>
    public string TargetTransform { get; init; } = Tabular.TargetTransform.Auto;

    public LinearSolver LinearSolver { get; init; }

    public MissingNumber MissingNumber { get; init; }

    /// <summary>Most categories of a column that get an indicator, 1 to 10,000: the most frequent; the others share <see cref="HashBuckets"/>.</summary>
    public int MaximumCategories { get; init; } = 100;

    /// <summary>Most features that a column's further categories share by their hash, 1 to 65,536.</summary>
    public int HashBuckets { get; init; } = 256;

    /// <exception cref="ArgumentException">Names all mistakes.</exception>
    public void Validate()
    {
        var mistakes = new List<string>();
        Check(Algorithm is TabularAlgorithm.LightGbm or TabularAlgorithm.FastTree or TabularAlgorithm.Linear, $"algorithm '{Algorithm}' is none of lightgbm, fasttree, linear");
        Check(Threads is >= 1 and <= 256, $"threads {Threads} not in 1..256");
        Check(Iterations is null or (>= 1 and <= 100_000), $"iterations {Iterations} not in 1..100000");
        Check(MaximumIterations is >= 1 and <= 100_000, $"maximum iterations {MaximumIterations} not in 1..100000");
        Check(EarlyStoppingRounds is >= 1 and <= 10_000, $"early stopping rounds {EarlyStoppingRounds} not in 1..10000");
        Check(LearningRate is null or (> 0 and <= 1), $"learning rate {LearningRate} not in (0, 1]");
        Check(Leaves is null or (>= 2 and <= 4096), $"leaves {Leaves} not in 2..4096");
        Check(MinimumRowsPerLeaf is null or >= 1, $"minimum rows per leaf {MinimumRowsPerLeaf} below 1");
        Check(FeatureShare is null or (> 0 and <= 1), $"feature share {FeatureShare} not in (0, 1]");
        Check(RowShare is > 0 and <= 1, $"row share {RowShare} not in (0, 1]");
        Check(L2 is null or (>= 0 and < double.PositiveInfinity), $"L2 {L2} not at least 0");
        Check(MaximumCategories is >= 1 and <= 10_000, $"maximum categories {MaximumCategories} not in 1..10000");
        Check(HashBuckets is >= 1 and <= 65_536, $"hash buckets {HashBuckets} not in 1..65536");
        Check(ClassWeights.Values.All(w => w is > 0 and < double.PositiveInfinity), "a class weight is not above 0");
        Check(PositiveWeight is > 0 and < double.PositiveInfinity, $"positive weight {PositiveWeight} not above 0");
        Check(CalibrationMethod.All.Contains(Calibration), $"calibration '{Calibration}' is none of {string.Join(", ", CalibrationMethod.All)}");
        Check(ThresholdObjective.All.Contains(Threshold.Objective), $"threshold objective '{Threshold.Objective}' is none of {string.Join(", ", ThresholdObjective.All)}");
        Check(Threshold.FalsePositiveCost is > 0 and < double.PositiveInfinity && Threshold.FalseNegativeCost is > 0 and < double.PositiveInfinity, "a cost is not above 0");
        Check(Threshold.MinimumPrecision is > 0 and <= 1, $"minimum precision {Threshold.MinimumPrecision} not in (0, 1]");
        Check(Tabular.TargetTransform.All.Contains(TargetTransform), $"target transform '{TargetTransform}' is none of {string.Join(", ", Tabular.TargetTransform.All)}");
        if (mistakes.Count > 0)
        {
            throw new ArgumentException($"Tabular options: {string.Join("; ", mistakes)}.");
        }

        void Check(bool holds, string mistake)
        {
            if (!holds)
            {
                mistakes.Add(mistake);
            }
        }
    }
}
