namespace MlSystem.Training.Tabular;

/// <summary>Names of the algorithms that <see cref="TabularTrainer"/> knows.</summary>
public static class TabularAlgorithm
{
    /// <summary>Gradient-boosted trees of LightGBM: all tasks.</summary>
    public const string LightGbm = "lightgbm";

    /// <summary>Gradient-boosted trees of ML.NET (MART): binary classification and regression.</summary>
    public const string FastTree = "fasttree";

    /// <summary>Logistic, maximum-entropy or linear regression on standardised features: all tasks.</summary>
    public const string Linear = "linear";
}

/// <summary>How a linear model is fitted.</summary>
public enum LinearSolver
{
    /// <summary>L-BFGS for classification, SDCA for regression.</summary>
    Auto,

    /// <summary>Limited-memory quasi-Newton; classification only.</summary>
    Lbfgs,

    /// <summary>Stochastic dual coordinate ascent; binary classification and regression.</summary>
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

    /// <summary>Boosting rounds, 1 to 100,000; with validation rows the most that are tried.</summary>
    public int Iterations { get; init; } = 600;

    /// <summary>Boosting rounds without validation rows, 1 to 100,000.</summary>
    public int IterationsWithoutValidation { get; init; } = 120;

    /// <summary>Rounds without a better validation loss after which boosting stops, 1 to 10,000.</summary>
    public int EarlyStoppingRounds { get; init; } = 40;

    /// <summary>Shrinkage of each tree, above 0, at most 1.</summary>
    public double LearningRate { get; init; } = 0.05;

    /// <summary>Leaves of a tree, 2 to 4,096.</summary>
    public int Leaves { get; init; } = 8;

    /// <summary>Fewest training rows in a leaf, at least 1.</summary>
    public int MinimumRowsPerLeaf { get; init; } = 20;

    /// <summary>Share of features that a LightGBM tree sees, above 0, at most 1.</summary>
    public double FeatureShare { get; init; } = 0.6;

    /// <summary>Share of rows that a LightGBM tree sees, above 0, at most 1.</summary>
    public double RowShare { get; init; } = 0.8;

    /// <summary>L2 penalty on leaf values (LightGBM) or weights (linear), at least 0.</summary>
    public double L2 { get; init; } = 1;

    public LinearSolver LinearSolver { get; init; }

    public MissingNumber MissingNumber { get; init; }

    /// <summary>Most categories of a column that get an indicator, 1 to 10,000: the most frequent; the others count as unseen.</summary>
    public int MaximumCategories { get; init; } = 100;

    /// <exception cref="ArgumentException">Names all mistakes.</exception>
    public void Validate()
    {
        var mistakes = new List<string>();
        Check(Algorithm is TabularAlgorithm.LightGbm or TabularAlgorithm.FastTree or TabularAlgorithm.Linear, $"algorithm '{Algorithm}' is none of lightgbm, fasttree, linear");
        Check(Threads is >= 1 and <= 256, $"threads {Threads} not in 1..256");
        Check(Iterations is >= 1 and <= 100_000, $"iterations {Iterations} not in 1..100000");
        Check(IterationsWithoutValidation is >= 1 and <= 100_000, $"iterations without validation {IterationsWithoutValidation} not in 1..100000");
        Check(EarlyStoppingRounds is >= 1 and <= 10_000, $"early stopping rounds {EarlyStoppingRounds} not in 1..10000");
        Check(LearningRate is > 0 and <= 1, $"learning rate {LearningRate} not in (0, 1]");
        Check(Leaves is >= 2 and <= 4096, $"leaves {Leaves} not in 2..4096");
        Check(MinimumRowsPerLeaf >= 1, $"minimum rows per leaf {MinimumRowsPerLeaf} below 1");
        Check(FeatureShare is > 0 and <= 1, $"feature share {FeatureShare} not in (0, 1]");
        Check(RowShare is > 0 and <= 1, $"row share {RowShare} not in (0, 1]");
        Check(L2 is >= 0 and < double.PositiveInfinity, $"L2 {L2} not at least 0");
        Check(MaximumCategories is >= 1 and <= 10_000, $"maximum categories {MaximumCategories} not in 1..10000");
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
