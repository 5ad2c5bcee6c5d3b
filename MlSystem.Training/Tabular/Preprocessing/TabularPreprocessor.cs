namespace MlSystem.Training.Tabular.Preprocessing;

/// <summary>
/// The one definition of how raw columns become features, learned from the training rows. It gives both the
/// matrix that the trainer sees (<see cref="Transform"/>) and the graph that serves (<see cref="Append"/>),
/// with the same operations in the same precision, so that the two agree bit by bit.
/// </summary>
/// <remarks>
/// Features in this order: numbers (missing ones filled, for linear models standardised), one missing-indicator for
/// each numeric column that had missing values, one indicator for each category; an unseen category has none.
/// </remarks>
internal sealed partial class TabularPreprocessor
{
    /// <summary>Standardised numbers are limited to this many standard deviations, so that one wild value can't swamp a linear model.</summary>
    public const double StandardisedLimit = 16;

    private readonly IReadOnlyList<NumericPlan> _numeric;
    private readonly IReadOnlyList<CategoricalPlan> _categorical;
    private readonly bool _standardise;

    internal TabularPreprocessor(IReadOnlyList<NumericPlan> numeric, IReadOnlyList<CategoricalPlan> categorical, bool standardise)
    {
        _numeric = numeric;
        _categorical = categorical;
        _standardise = standardise;
        FeatureNames =
        [
            .. numeric.Select(n => n.Column.Name),
            .. numeric.Where(n => n.HasIndicator).Select(n => $"{n.Column.Name}=missing"),
            .. categorical.SelectMany(c => c.Categories.Select(v => $"{c.Column.Name}={(v.Length == 0 ? "missing" : v)}")),
        ];
    }

    /// <summary>Names of the features, in order.</summary>
    public IReadOnlyList<string> FeatureNames { get; }

    public int Features => FeatureNames.Count;

    public IReadOnlyList<CategoricalPlan> Categorical => _categorical;

    /// <summary>Features of the rows, row-major: rows × <see cref="Features"/>.</summary>
    public float[] Transform(TabularFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        var matrix = new float[frame.Rows * Features];
        var indicator = _numeric.Count;
        foreach (var plan in _numeric)
        {
            Numbers(plan, frame.Numeric(plan.Column.Name), matrix, plan.HasIndicator ? indicator++ : -1);
        }

        var first = indicator;
        foreach (var plan in _categorical)
        {
            var positions = plan.Categories.Index().ToDictionary(c => c.Item, c => first + c.Index, StringComparer.Ordinal);
            foreach (var (row, value) in frame.Text(plan.Column.Name).Index())
            {
                if (positions.TryGetValue(value, out var position))
                {
                    matrix[(row * Features) + position] = 1;
                }
            }

            first += plan.Categories.Count;
        }

        return matrix;
    }

    private void Numbers(NumericPlan plan, float[] values, float[] matrix, int indicator)
    {
        for (var row = 0; row < values.Length; row++)
        {
            var missing = float.IsNaN(values[row]);
            var value = missing ? plan.Fill : values[row];
            matrix[(row * Features) + plan.Index] = _standardise
                ? (float)Math.Clamp((value - plan.Offset) * plan.Scale, -StandardisedLimit, StandardisedLimit)
                : value;
            if (indicator >= 0)
            {
                matrix[(row * Features) + indicator] = missing ? 1 : 0;
            }
        }
    }
}
