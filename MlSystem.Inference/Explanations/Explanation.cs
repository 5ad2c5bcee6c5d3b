namespace MlSystem.Inference.Explanations;

/// <summary>The answer to an explain request.</summary>
internal sealed record Explanation
{
    /// <summary>The method that was used; never <c>auto</c>.</summary>
    public required string Method { get; init; }

    /// <summary>Whether the contributions are exact Shapley values, apart from rounding, of the game that the method defines.</summary>
    public bool IsExact { get; init; }

    /// <summary>Why <c>auto</c> took no exact method.</summary>
    public string? ExactRefused { get; init; }

    public required string Output { get; init; }

    /// <summary>One of <see cref="ExplainScales"/>.</summary>
    public required string Scale { get; init; }

    /// <summary>Coalitions or perturbed rows used for each row; null for methods that use none.</summary>
    public int? Samples { get; init; }

    public long Seed { get; init; }

    /// <summary><c>baseline</c>, <c>request</c>, or <c>covers</c>: the training rows that came to each node.</summary>
    public string? Background { get; init; }

    public int? BackgroundRows { get; init; }

    public IReadOnlyList<RowExplanation> Rows { get; init; } = [];

    public PermutationResult? Importance { get; init; }
}

/// <summary>One explained row.</summary>
internal sealed record RowExplanation
{
    /// <summary>Position in the request, from 0.</summary>
    public required int Row { get; init; }

    /// <summary>The explained class; null where the output has one value a row.</summary>
    public string? Class { get; init; }

    /// <summary>The explained value when no column is known.</summary>
    public required double BaseValue { get; init; }

    /// <summary>The explained value of the row, f(x), as the model gives it.</summary>
    public required double Value { get; init; }

    public required IReadOnlyList<ColumnContribution> Contributions { get; init; }

    /// <summary>Sum of the contributions that <c>top_k</c> left out.</summary>
    public double? Others { get; init; }

    /// <summary>base value + contributions - value.</summary>
    public required double Residual { get; init; }

    /// <summary>LIME: weighted R² of the local linear model on its perturbed rows.</summary>
    public double? LocalFit { get; init; }
}

/// <summary>A raw column's part in a row's value.</summary>
/// <param name="Value">The row's value: a double, a string, or null where it is missing.</param>
/// <param name="Coefficient">LIME: change of the value by one unit of a numeric column.</param>
internal sealed record ColumnContribution(string Column, object? Value, double Contribution, double? Coefficient = null);

/// <summary>Permutation importance over a data set.</summary>
/// <param name="Score">The metric on the rows as they are.</param>
internal sealed record PermutationResult(string Metric, double Score, int Rows, int Repeats, IReadOnlyList<ColumnImportance> Columns);

/// <summary>How much worse the metric gets when a column is shuffled; in the metric's unit, positive is worse.</summary>
internal sealed record ColumnImportance(string Column, double Mean, double StandardDeviation);
