namespace MlSystem.Contracts;

/// <summary>Reference distributions from the training data: <c>baseline.json</c>.</summary>
public sealed record Baseline
{
    public required long Rows { get; init; }

    public required IReadOnlyList<ColumnBaseline> Inputs { get; init; }

    /// <summary>Distributions of the model's outputs on the training rows.</summary>
    public required IReadOnlyList<ColumnBaseline> Outputs { get; init; }
}

/// <summary>One column's distribution: exactly one of <see cref="Numeric"/> and <see cref="Categorical"/> is set.</summary>
public sealed record ColumnBaseline
{
    public required string Name { get; init; }

    /// <summary>Rows with a value.</summary>
    public required long Count { get; init; }

    /// <summary>Rows without one.</summary>
    public required long Missing { get; init; }

    public NumericBaseline? Numeric { get; init; }

    public CategoricalBaseline? Categorical { get; init; }
}

/// <summary>Numeric distribution over bins <c>[e0, e1), [e1, e2) … [eK-1, eK]</c>.</summary>
public sealed record NumericBaseline
{
    public required double Mean { get; init; }

    /// <summary>Population standard deviation, in the column's unit.</summary>
    public required double StandardDeviation { get; init; }

    public required double Min { get; init; }

    public required double Max { get; init; }

    /// <summary>K + 1 ascending edges.</summary>
    public required IReadOnlyList<double> BinEdges { get; init; }

    /// <summary>K counts, which sum to the column's count.</summary>
    public required IReadOnlyList<long> BinCounts { get; init; }
}

/// <summary>Counts by category.</summary>
public sealed record CategoricalBaseline
{
    public required IReadOnlyDictionary<string, long> Counts { get; init; }
}
