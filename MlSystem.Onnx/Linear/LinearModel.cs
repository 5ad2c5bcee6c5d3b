namespace MlSystem.Onnx;

/// <summary>score(o) = intercept(o) + Σ over features of coefficient(o, f) · x(f).</summary>
public sealed record LinearModel
{
    /// <summary>One row of coefficients for each output, all of the same length.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> Coefficients { get; init; }

    /// <summary>One for each output.</summary>
    public required IReadOnlyList<double> Intercepts { get; init; }

    public PostTransform PostTransform { get; init; }

    public int Outputs => Coefficients.Count;

    public int Features => Coefficients.Count == 0 ? 0 : Coefficients[0].Count;

    /// <summary>Scores of a row before the transformation.</summary>
    public double[] Score(ReadOnlySpan<double> row)
    {
        var scores = Intercepts.ToArray();
        for (var output = 0; output < scores.Length; output++)
        {
            for (var i = 0; i < row.Length; i++)
            {
                scores[output] += Coefficients[output][i] * row[i];
            }
        }

        return scores;
    }
}
