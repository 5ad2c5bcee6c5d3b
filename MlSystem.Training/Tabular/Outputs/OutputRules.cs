namespace MlSystem.Training.Tabular;

/// <summary>How probabilities are calibrated.</summary>
public static class CalibrationMethod
{
    public const string None = "none";

    /// <summary>A logistic curve over the log-odds (Platt 1999).</summary>
    public const string Platt = "platt";

    /// <summary>A monotone piecewise-linear map (Zadrozny and Elkan 2002).</summary>
    public const string Isotonic = "isotonic";

    public static IReadOnlyList<string> All { get; } = [None, Platt, Isotonic];
}

/// <summary>By what a threshold is chosen.</summary>
public static class ThresholdObjective
{
    /// <summary>The class of the greater probability: 0.5.</summary>
    public const string None = "none";

    /// <summary>Greatest F1 of the positive class.</summary>
    public const string F1 = "f1";

    /// <summary>Smallest cost of false positives and false negatives.</summary>
    public const string Cost = "cost";

    /// <summary>Greatest recall among the thresholds that reach a precision.</summary>
    public const string RecallAtPrecision = "recall_at_precision";

    public static IReadOnlyList<string> All { get; } = [None, F1, Cost, RecallAtPrecision];
}

/// <summary>How the threshold of a binary classifier's label is chosen on validation rows.</summary>
public sealed record LabelThreshold
{
    /// <summary>One of <see cref="ThresholdObjective"/>.</summary>
    public string Objective { get; init; } = ThresholdObjective.None;

    /// <summary>Cost of labelling a negative row positive, above 0, in any unit.</summary>
    public double FalsePositiveCost { get; init; } = 1;

    /// <summary>Cost of labelling a positive row negative, above 0, in the same unit.</summary>
    public double FalseNegativeCost { get; init; } = 1;

    /// <summary>For <see cref="ThresholdObjective.RecallAtPrecision"/>, above 0, at most 1.</summary>
    public double MinimumPrecision { get; init; } = 0.9;
}

/// <summary>What is done to a regression's target before training, and undone in the graph.</summary>
public static class TargetTransform
{
    /// <summary>log1p where it lowers the squared error of held-out rows; only for skewed targets of at least 0.</summary>
    public const string Auto = "auto";

    public const string None = "none";

    /// <summary>ln(1 + target), for targets above -1.</summary>
    public const string Log1P = "log1p";

    public static IReadOnlyList<string> All { get; } = [Auto, None, Log1P];
}
