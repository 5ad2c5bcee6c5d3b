namespace MlSystem.Training.Gates;

/// <summary>What a model must reach to be given the alias.</summary>
public sealed record GateSpec
{
    public IReadOnlyList<MetricThreshold> Thresholds { get; init; } = [];

    /// <summary>Comparison with the version that holds the alias; null compares nothing.</summary>
    public ChampionSpec? Champion { get; init; }

    /// <summary>Groups of held-out rows that are looked at by themselves.</summary>
    public IReadOnlyList<SliceSpec> Slices { get; set; } = [];

    /// <summary>Null sets no bound.</summary>
    public LatencySpec? Latency { get; init; }

    /// <summary>Largest <c>model.onnx</c> in bytes; null sets no bound.</summary>
    public long? MaxSizeBytes { get; init; }

    /// <summary>One of <see cref="SignaturePolicy"/>.</summary>
    public string Signature { get; set; } = SignaturePolicy.Any;
}

/// <summary>An absolute bound of one metric: at least one of the two is set.</summary>
public sealed record MetricThreshold
{
    public required string Metric { get; init; }

    public double? Min { get; init; }

    public double? Max { get; init; }
}

/// <summary>The gate refuses a model that is significantly worse than the champion on the held-out rows, or not shown to be no worse than a margin.</summary>
public sealed record ChampionSpec
{
    /// <summary>Level of the one-sided tests, above 0 and at most 0.5.</summary>
    public double Level { get; init; } = 0.05;

    /// <summary>Tests that all must pass; empty is one of <see cref="GateMethod.PairedZ"/>.</summary>
    public IReadOnlyList<ChampionTestSpec> Tests { get; set; } = [];
}

/// <summary>One paired test against the champion.</summary>
public sealed record ChampionTestSpec
{
    /// <summary>One of <see cref="GateMethod"/>.</summary>
    public required string Method { get; init; }

    /// <summary>Bootstrap: the metric that is compared; null is the mean loss of a row.</summary>
    public string? Metric { get; init; }

    /// <summary>Above 0 and at most 0.5; null takes the champion section's.</summary>
    public double? Level { get; init; }

    /// <summary>
    /// Non-inferiority: passes only when the upper confidence bound of how much worse the model is stays at or below this, in
    /// the unit of the compared quantity, at least 0. Null: passes unless the model is significantly worse.
    /// </summary>
    public double? Margin { get; init; }

    /// <summary>Bootstrap: draws, 100 to 100,000.</summary>
    public int Resamples { get; set; } = 2000;

    /// <summary>Bootstrap.</summary>
    public long Seed { get; set; }
}

/// <summary>Methods of comparison with the champion.</summary>
public static class GateMethod
{
    /// <summary>z-test of the mean difference of row losses.</summary>
    public const string PairedZ = "paired_z";

    /// <summary>Paired bootstrap of the mean loss or of any metric.</summary>
    public const string Bootstrap = "bootstrap";

    /// <summary>McNemar's test of the error rates; classification.</summary>
    public const string McNemar = "mcnemar";

    /// <summary>DeLong's test of the areas under the ROC curves; binary classification.</summary>
    public const string DeLong = "delong";

    public static IReadOnlyList<string> All { get; } = [PairedZ, Bootstrap, McNemar, DeLong];
}

/// <summary>Groups of held-out rows by the values or ranges of one column.</summary>
public sealed record SliceSpec
{
    /// <summary>A column of the joined rows: a feature or a join key.</summary>
    public required string Column { get; init; }

    /// <summary>A slice for each of these values; null with <see cref="Ranges"/> null: for each value that occurs.</summary>
    public IReadOnlyList<string>? Values { get; init; }

    /// <summary>Ascending borders of numeric slices: below the first, from each up to and without the next, from the last on.</summary>
    public IReadOnlyList<double>? Ranges { get; init; }

    public required string Metric { get; init; }

    public double? Min { get; init; }

    public double? Max { get; init; }

    /// <summary>How much worse than the champion a slice may be, in the metric's unit, at least 0; null compares nothing.</summary>
    public double? MaxWorse { get; init; }

    /// <summary>A slice with fewer rows is reported and not judged.</summary>
    public int MinRows { get; set; } = 50;
}

/// <summary>How quick single-row predictions must be.</summary>
public sealed record LatencySpec
{
    /// <summary>Milliseconds, above 0.</summary>
    public double MaxP99Ms { get; init; }

    /// <summary>Calls of a round, 100 to 100,000.</summary>
    public int Calls { get; set; } = 500;

    /// <summary>Rounds at most, 1 to 100.</summary>
    public int Rounds { get; set; } = 10;
}

/// <summary>What the model's inputs and outputs may differ in from the champion's.</summary>
public static class SignaturePolicy
{
    /// <summary>Differences are only reported.</summary>
    public const string Any = "any";

    /// <summary>Inputs may be added, which look-up by the join keys fills; nothing may be removed, retyped or narrowed.</summary>
    public const string AddedInputs = "added_inputs";

    /// <summary>Every request that the champion takes is taken, and the answer has the same form.</summary>
    public const string Same = "same";

    public static IReadOnlyList<string> All { get; } = [Any, AddedInputs, Same];
}
