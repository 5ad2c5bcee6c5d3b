namespace MlSystem.Training.Tabular.Preprocessing;

internal sealed partial class TabularPreprocessor
{
    /// <summary>Learns fills, scales and categories from the training rows.</summary>
    /// <exception cref="TrainingDataException">A column is wholly missing or holds an infinite number.</exception>
    public static TabularPreprocessor Fit(TabularFrame frame, TabularOptions options, bool standardise)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(options);
        var columns = frame.Schema.Columns;
        var numeric = columns.Where(c => c.Kind == TabularColumnKind.Numeric)
            .Select((c, i) => FitNumeric(c, i, frame.Numeric(c.Name), options.MissingNumber));
        var categorical = columns.Where(c => c.Kind == TabularColumnKind.Categorical)
            .Select(c => FitCategorical(c, frame.Text(c.Name), options));
        return new TabularPreprocessor([.. numeric], [.. categorical], standardise);
    }

    private static NumericPlan FitNumeric(TabularColumn column, int index, float[] values, MissingNumber missing)
    {
        var present = values.Where(v => !float.IsNaN(v)).ToArray();
        if (present.Length == 0)
        {
            throw new TrainingDataException(column.Name, "every value is missing");
        }

        if (Array.FindIndex(values, float.IsInfinity) is >= 0 and var row)
        {
            throw new TrainingDataException(column.Name, $"row {row + 1} is infinite");
        }

        Array.Sort(present);
        var middle = present.Length / 2;
        var median = present.Length % 2 == 1 ? present[middle] : ((double)present[middle - 1] + present[middle]) / 2;
        var fill = (float)(missing == MissingNumber.Mean ? present.Average(v => (double)v) : median);

        // Scale over the filled column, which is what the trainer will see.
        var mean = values.Average(v => (double)(float.IsNaN(v) ? fill : v));
        var deviation = Math.Sqrt(values.Average(v => Math.Pow((float.IsNaN(v) ? fill : v) - mean, 2)));

        // A constant column's deviation is rounding noise of its mean, not always exactly 0.
        var constant = deviation <= 1e-7 * Math.Max(Math.Abs(present[0]), Math.Abs(present[^1]));
        return new NumericPlan(column, index, fill, present.Length < values.Length, mean, constant ? 1 : 1 / deviation);
    }

    private static CategoricalPlan FitCategorical(TabularColumn column, string[] values, TabularOptions options)
    {
        if (values.All(v => v.Length == 0))
        {
            throw new TrainingDataException(column.Name, "every value is missing");
        }

        var counts = values.CountBy(v => v, StringComparer.Ordinal).ToList();
        var kept = counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal)
            .Take(options.MaximumCategories).Select(c => c.Key).Order(StringComparer.Ordinal);
        var dropped = Math.Max(0, counts.Count - options.MaximumCategories);
        return new CategoricalPlan(column, [.. kept], dropped, dropped == 0 ? 0 : Math.Min(options.HashBuckets, dropped));
    }
}
