using MlSystem.Contracts;

namespace MlSystem.Training.Tabular;

/// <summary>Reference distributions of a model's inputs and outputs, for drift detection.</summary>
public static class BaselineBuilder
{
    /// <summary>Most bins of a numeric column.</summary>
    public const int MaximumBins = 20;

    /// <summary>Name of the column with the probability of class c: <c>probabilities[c]</c>, c from 0.</summary>
    public static string ProbabilityColumn(int classIndex) => $"{StandardOutputs.Probabilities}[{classIndex}]";

    /// <summary>
    /// Describes the rows and the model's predictions on them. Numeric columns get at most <see cref="MaximumBins"/>
    /// quantile bins (fewer where values repeat); every category is counted.
    /// </summary>
    public static Baseline Build(TabularFrame frame, TabularPredictions predictions)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(predictions);
        return new Baseline
        {
            Rows = frame.Rows,
            Inputs = [.. frame.Schema.Columns.Select(c => c.Kind == TabularColumnKind.Numeric ? Numeric(c.Name, frame.Numeric(c.Name)) : Categorical(c.Name, frame.Text(c.Name)))],
            Outputs = frame.Schema.IsClassification
                ? [Categorical(StandardOutputs.Label, predictions.Labels), .. predictions.Classes.Select((_, i) => Numeric(ProbabilityColumn(i), predictions.ProbabilityOf(i)))]
                : [Numeric(StandardOutputs.Prediction, predictions.Values)],
        };
    }

    /// <summary>A numeric column's distribution; NaN counts as missing, and a column without any value has no distribution.</summary>
    public static ColumnBaseline Numeric(string name, IReadOnlyList<float> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var present = values.Where(v => !float.IsNaN(v)).Select(v => (double)v).Order().ToArray();
        return new ColumnBaseline { Name = name, Count = present.Length, Missing = values.Count - present.Length, Numeric = present.Length == 0 ? null : Describe(present) };
    }

    /// <summary>A categorical column's distribution; the empty string counts as missing.</summary>
    public static ColumnBaseline Categorical(string name, IReadOnlyList<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var counts = values.Where(v => v.Length > 0).CountBy(v => v, StringComparer.Ordinal)
            .OrderBy(c => c.Key, StringComparer.Ordinal).ToDictionary(c => c.Key, c => (long)c.Value, StringComparer.Ordinal);
        var count = counts.Values.Sum();
        return new ColumnBaseline { Name = name, Count = count, Missing = values.Count - count, Categorical = new CategoricalBaseline { Counts = counts } };
    }

    private static NumericBaseline Describe(double[] sorted)
    {
        var mean = sorted.Average();
        var edges = Edges(sorted);
        var counts = new long[edges.Count - 1];
        var bin = 0;
        foreach (var value in sorted)
        {
            while (bin < counts.Length - 1 && value >= edges[bin + 1])
            {
                bin++;
            }

            counts[bin]++;
        }

        return new NumericBaseline
        {
            Mean = mean,
            StandardDeviation = Math.Sqrt(sorted.Average(v => (v - mean) * (v - mean))),
            Min = sorted[0],
            Max = sorted[^1],
            BinEdges = edges,
            BinCounts = counts,
        };
    }

    /// <summary>
    /// Strictly ascending quantiles. Where few values occur, each gets its own bin, with edges half-way between them;
    /// a constant column has one bin from its value to the next double.
    /// </summary>
    private static List<double> Edges(double[] sorted)
    {
        var distinct = sorted.Distinct().Take(MaximumBins + 1).ToArray();
        if (distinct.Length == 1)
        {
            return [distinct[0], Math.BitIncrement(distinct[0])];
        }

        return distinct.Length <= MaximumBins
            ? [distinct[0], .. distinct.Zip(distinct.Skip(1), (low, high) => low + ((high - low) / 2)), distinct[^1]]
            : [.. Enumerable.Range(0, MaximumBins).Select(i => sorted[(int)((long)i * sorted.Length / MaximumBins)]).Append(sorted[^1]).Distinct()];
    }
}
