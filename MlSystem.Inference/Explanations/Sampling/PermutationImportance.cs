using System.Globalization;
using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Explanations.Sampling;

/// <summary>Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019): how much worse a metric gets when a column's values are shuffled among the rows.</summary>
internal static class PermutationImportance
{
    private const int DefaultRepeats = 5;

    public static async Task<Explanation> ExplainAsync(ExplainContext context)
    {
        var labels = context.Parameters.Labels!;
        if (labels.Count != context.Rows.Rows || labels.Count < 2)
        {
            throw InferenceException.Invalid($"there are {labels.Count} labels for {context.Rows.Rows} rows: permutation importance needs one for each of at least two rows");
        }

        if (context.Parameters.Scale == ExplainScales.Raw)
        {
            throw InferenceException.Invalid("method 'permutation' measures the model's output: leave scale out");
        }

        var evaluator = context.Evaluator(context.Output);
        var (values, width) = await evaluator.AllAsync(context.Rows);
        var metric = ImportanceMetric.Choose(context, labels, width);
        var score = metric.Measure(values);
        var repeats = context.Parameters.Repeats ?? DefaultRepeats;
        var columns = new List<ColumnImportance>();
        foreach (var (c, column) in context.Columns.Index())
        {
            var drops = new double[repeats];
            for (var repeat = 0; repeat < repeats; repeat++)
            {
                var shuffled = await Shuffled(context, evaluator, column, new SeededRandom(context.Parameters.Seed ^ (((c * 1000L) + repeat + 1) * 0x5851F42D4C957F2DL)));
                drops[repeat] = metric.IsLoss ? metric.Measure(shuffled) - score : score - metric.Measure(shuffled);
            }

            var mean = drops.Average();
            columns.Add(new ColumnImportance(column.Name, mean, Math.Sqrt(drops.Average(drop => (drop - mean) * (drop - mean)))));
        }

        return new Explanation
        {
            Method = ExplainMethods.Permutation, Output = context.Output.Info.Name, Scale = ExplainScales.Output, Seed = context.Parameters.Seed,
            Importance = new PermutationResult(metric.Name, score, labels.Count, repeats, context.Parameters.TopK is { } top ? [.. columns.OrderByDescending(c => c.Mean).Take(top)] : columns),
        };
    }

    private static async Task<double[]> Shuffled(ExplainContext context, ModelEvaluator evaluator, RawColumn column, SeededRandom random)
    {
        var order = Enumerable.Range(0, context.Rows.Rows).ToArray();
        random.Shuffle(order);
        var rows = context.Rows.Empty(context.Rows.Rows);
        for (var row = 0; row < order.Length; row++)
        {
            context.Rows.CopyRow(row, rows, row);
            column.Copy(context.Rows, order[row], rows, row);
        }

        return (await evaluator.AllAsync(rows)).Values;
    }
}

/// <summary>A metric with the truth that it is measured against.</summary>
internal sealed class ImportanceMetric
{
    private readonly double[] _truth;
    private readonly int _width;
    private readonly int _positive;

    private ImportanceMetric(string name, double[] truth, int width, int positive)
    {
        Name = name;
        _truth = truth;
        _width = width;
        _positive = positive;
    }

    public string Name { get; }

    /// <summary>Whether less is better.</summary>
    public bool IsLoss => Name is ImportanceMetrics.LogLoss or ImportanceMetrics.Rmse or ImportanceMetrics.Mae;

    /// <exception cref="InferenceException">The metric does not fit the output, or a label is none of the classes or no number.</exception>
    public static ImportanceMetric Choose(ExplainContext context, IReadOnlyList<string> labels, int width)
    {
        var classes = context.Output.IsProbability;
        var allowed = classes ? ImportanceMetrics.Classification : ImportanceMetrics.Regression;
        var name = context.Parameters.Metric ?? allowed[0];
        if (!allowed.Contains(name))
        {
            throw InferenceException.Invalid($"the parameter metric is '{name}'; for output '{context.Output.Info.Name}' it is one of {string.Join(", ", allowed)}");
        }

        if (!classes && width != 1 && context.Output.Element is null)
        {
            throw InferenceException.Invalid($"output '{context.Output.Info.Name}' has {width} elements a row: name one as class");
        }

        var truth = labels.Select((label, row) => classes ? ClassOf(context.Output, label, row, width) : NumberOf(label, row)).ToArray();
        var positive = context.Output.Element ?? (width == 2 ? 1 : -1);
        if (name == ImportanceMetrics.Auc && (positive < 0 || truth.All(t => t == positive) || truth.All(t => t != positive)))
        {
            throw InferenceException.Invalid("metric 'auc' needs a class that some rows have and some have not: name it as class where there are more than two");
        }

        return new ImportanceMetric(name, truth, width, Math.Max(positive, 0));
    }

    /// <param name="values">The output, rows × elements.</param>
    public double Measure(double[] values) => Name switch
    {
        ImportanceMetrics.LogLoss => _truth.Select((t, row) => -Math.Log(Math.Clamp(values[(row * _width) + (int)t], 1e-15, 1))).Average(),
        ImportanceMetrics.Accuracy => _truth.Select((t, row) => Predicted(values, row) == (int)t ? 1.0 : 0).Average(),
        ImportanceMetrics.Auc => Auc(values),
        ImportanceMetrics.Rmse => Math.Sqrt(_truth.Select((t, row) => Math.Pow(values[(row * _width) + _positive] - t, 2)).Average()),
        ImportanceMetrics.Mae => _truth.Select((t, row) => Math.Abs(values[(row * _width) + _positive] - t)).Average(),
        _ => 1 - (_truth.Select((t, row) => Math.Pow(values[(row * _width) + _positive] - t, 2)).Sum() / Math.Max(_truth.Sum(t => Math.Pow(t - _truth.Average(), 2)), double.Epsilon)),
    };

    private int Predicted(double[] values, int row)
    {
        var best = 0;
        for (var i = 1; i < _width; i++)
        {
            best = values[(row * _width) + i] > values[(row * _width) + best] ? i : best;
        }

        return best;
    }

    /// <summary>Mann-Whitney: ties count half.</summary>
    private double Auc(double[] values)
    {
        var order = Enumerable.Range(0, _truth.Length).OrderBy(row => values[(row * _width) + _positive]).ToArray();
        var (ranks, positives) = (0.0, 0);
        for (var start = 0; start < order.Length;)
        {
            var end = start;
            while (end < order.Length && values[(order[end] * _width) + _positive] == values[(order[start] * _width) + _positive])
            {
                end++;
            }

            var here = order[start..end].Count(row => (int)_truth[row] == _positive);
            ranks += here * (start + end + 1) / 2.0;
            positives += here;
            start = end;
        }

        return (ranks - (positives * (positives + 1.0) / 2)) / ((double)positives * (order.Length - positives));
    }

    private static double ClassOf(ExplainedOutput output, string label, int row, int width)
    {
        var found = output.Classes.ToList().IndexOf(label);
        if (found < 0 && output.Classes.Count == 0 && int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out var position) && position < width)
        {
            found = position;
        }

        return found >= 0 ? found : throw InferenceException.Invalid($"labels[{row}] is '{label}'; the classes are {(output.Classes.Count > 0 ? string.Join(", ", output.Classes.Select(c => $"'{c}'")) : $"0 to {width - 1}")}");
    }

    private static double NumberOf(string label, int row) =>
        double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : throw InferenceException.Invalid($"labels[{row}] is '{label}', the output is a number");
}
