namespace MlSystem.Training.Gates;

/// <summary>The gate's decision and every number it rests on: <c>gate.json</c>.</summary>
/// <param name="Reasons">Why it refused; empty when it passed.</param>
/// <param name="Champion">The version that held the alias; absent when there was none.</param>
public sealed record GateDecision(bool Passed, IReadOnlyList<string> Reasons, int? Champion)
{
    public IReadOnlyList<ThresholdResult> Thresholds { get; set; } = [];

    /// <summary>Tests against the champion on the same rows.</summary>
    public IReadOnlyList<ChampionResult> Comparisons { get; set; } = [];

    public IReadOnlyList<SliceResult> Slices { get; set; } = [];

    public LatencyResult? Latency { get; init; }

    public SizeResult? Size { get; init; }

    /// <summary>Against the champion; absent without one.</summary>
    public SignatureResult? Signature { get; init; }

    public ValidationResult? Validation { get; init; }
}

public sealed record ThresholdResult(string Metric, double Value, double? Min, double? Max, bool Passed);

/// <summary>One paired test. Differences are positive where this model is worse, whichever way the quantity runs.</summary>
/// <param name="Method">One of <see cref="GateMethod"/>.</param>
/// <param name="Quantity">What was compared: a row's loss, the error rate, or a metric.</param>
/// <param name="PValue">Probability of a difference at least this large if this model were no worse.</param>
/// <param name="UpperBound">One-sided confidence bound of the difference at the level.</param>
/// <param name="Margin">Non-inferiority margin; absent where significance decides.</param>
public sealed record ChampionResult(
    string Method, string Quantity, int Rows, double Challenger, double Champion, double Difference, double? StandardError,
    double PValue, double Level, double UpperBound, double? Margin, bool Passed);

/// <summary>One slice.</summary>
/// <param name="Value">Absent when these rows do not define the metric.</param>
/// <param name="Champion">The champion's value; absent when it was not compared.</param>
/// <param name="Verdict">One of <c>passed</c>, <c>refused</c>, <c>too_few_rows</c>, <c>undefined</c>.</param>
public sealed record SliceResult(string Slice, string Metric, int Rows, double? Value, double? Champion, string Verdict);

/// <summary>Time of single-row predictions in ONNX Runtime, one thread.</summary>
/// <param name="P99Ms">Of the quickest round, in milliseconds: other load on the machine only ever adds time.</param>
/// <param name="P50Ms">Median of that round.</param>
/// <param name="RoundsP99Ms">Every round's; measuring ends with the first that meets the budget.</param>
/// <param name="Calls">Of each round.</param>
public sealed record LatencyResult(double P99Ms, double P50Ms, double MaxP99Ms, IReadOnlyList<double> RoundsP99Ms, int Calls, bool Passed);

/// <param name="Bytes">Of <c>model.onnx</c>.</param>
public sealed record SizeResult(long Bytes, long MaxBytes, bool Passed);

/// <param name="Policy">One of <see cref="SignaturePolicy"/>.</param>
/// <param name="Differences">All of them, also those that the policy allows.</param>
public sealed record SignatureResult(string Policy, IReadOnlyList<string> Differences, bool Passed);

/// <summary>What data validation said of the rows that the model was made of.</summary>
public sealed record ValidationResult(long Rows, IReadOnlyList<string> Breaches, bool Passed);
