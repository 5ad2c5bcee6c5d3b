using MlSystem.Training.Tabular.Features;

namespace MlSystem.Training.Tabular.Preprocessing;

/// <summary>
/// The one definition of how raw columns become features, learned from the training rows. It gives both the
/// rows that the trainer sees (<see cref="Transform"/>) and the graph that serves (<see cref="Append"/>),
/// with the same operations in the same precision, so that the two agree bit by bit.
/// </summary>
/// <remarks>
/// Features in this order: numbers (missing ones filled, for linear models standardised), one missing-indicator for
/// each numeric column that had missing values, then for each categorical column one indicator for each category and
/// one for each hash bucket; an unseen category sets its bucket, or nothing where there are no buckets.
/// </remarks>
internal sealed partial class TabularPreprocessor
{
    /// <summary>Standardised numbers are limited to this many standard deviations, so that one wild value can't swamp a linear model.</summary>
    public const double StandardisedLimit = 16;

    private readonly IReadOnlyList<NumericPlan> _numeric;
    private readonly IReadOnlyList<CategoricalPlan> _categorical;

    internal TabularPreprocessor(IReadOnlyList<NumericPlan> numeric, IReadOnlyList<CategoricalPlan> categorical, bool standardise)
    {
        _numeric = numeric;
        _categorical = categorical;
        Standardises = standardise;
        FeatureNames =
        [
            .. numeric.Select(n => n.Column.Name),
            .. numeric.Where(n => n.HasIndicator).Select(n => $"{n.Column.Name}=missing"),
            .. categorical.SelectMany(c => c.Categories.Select(v => $"{c.Column.Name}={(v.Length == 0 ? "missing" : v)}")
                .Concat(Enumerable.Range(0, c.Buckets).Select(b => $"{c.Column.Name}#{b}"))),
        ];
    }

    /// <summary>Names of the features, in order.</summary>
    public IReadOnlyList<string> FeatureNames { get; }

    public int Features => FeatureNames.Count;

    /// <summary>Numbers and missing-indicators, which come first.</summary>
    public int DenseFeatures => _numeric.Count + _numeric.Count(n => n.HasIndicator);

    public IReadOnlyList<NumericPlan> Numeric => _numeric;

    public IReadOnlyList<CategoricalPlan> Categorical => _categorical;

    public bool Standardises { get; }

    /// <summary>The rows as features.</summary>
    public FeatureRows Transform(TabularFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return new FeatureRows(this, frame);
    }

    /// <summary>For each categorical column the feature that each row sets; -1 for none.</summary>
    internal int[][] Codes(TabularFrame frame)
    {
        var first = DenseFeatures;
        var codes = new int[_categorical.Count][];
        foreach (var (column, plan) in _categorical.Index())
        {
            var offset = first;
            var positions = plan.Categories.Index().ToDictionary(c => c.Item, c => offset + c.Index, StringComparer.Ordinal);
            codes[column] = Array.ConvertAll(frame.Text(plan.Column.Name), value =>
                positions.TryGetValue(value, out var position) ? position
                : plan.Buckets > 0 ? offset + plan.Categories.Count + MurmurHash.Bucket(value, plan.Buckets)
                : -1);
            first += plan.Features;
        }

        return codes;
    }

    /// <summary>Numbers and missing-indicators of some rows.</summary>
    /// <param name="rows">Which rows of the frame are meant by 0, 1, …; null: all in their order.</param>
    /// <param name="stride">Distance of two rows in <paramref name="values"/>.</param>
    internal void Numbers(TabularFrame frame, int[]? rows, int start, int count, Span<float> values, int stride)
    {
        var indicator = _numeric.Count;
        foreach (var plan in _numeric)
        {
            var column = frame.Numeric(plan.Column.Name);
            var flag = plan.HasIndicator ? indicator++ : -1;
            for (var i = 0; i < count; i++)
            {
                var raw = column[rows is null ? start + i : rows[start + i]];
                var missing = float.IsNaN(raw);
                var value = missing ? plan.Fill : raw;
                values[(i * stride) + plan.Index] = Standardises ? Standardised(value, plan) : value;
                if (flag >= 0)
                {
                    values[(i * stride) + flag] = missing ? 1 : 0;
                }
            }
        }
    }

    private static float Standardised(float value, NumericPlan plan) =>
        (float)Math.Clamp((value - plan.Offset) * plan.Scale, -StandardisedLimit, StandardisedLimit);
}
