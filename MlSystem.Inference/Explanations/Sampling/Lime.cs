using MlSystem.Inference.Explanations.Backgrounds;
using MlSystem.Inference.Explanations.Rows;

namespace MlSystem.Inference.Explanations.Sampling;

/// <summary>
/// LIME for tables (Ribeiro, Singh and Guestrin, "Why should I trust you?", 2016): a ridge regression on perturbed rows, weighted by their
/// nearness. Numbers are perturbed by a normal distribution with the background's deviation around its mean and stand in standard deviations;
/// a category, and a missing number, stands as 1 where the perturbed row has the same.
/// </summary>
internal static class Lime
{
    private const int DefaultSamples = 5000;
    private const double Ridge = 1e-6;

    public static async Task<Explanation> ExplainAsync(ExplainContext context)
    {
        var (output, scale) = context.Scaled();
        var evaluator = context.Evaluator(output);
        var background = context.ReadBackground();
        var samples = context.Parameters.Samples ?? DefaultSamples;
        var (values, width) = await evaluator.AllAsync(context.Rows);
        var rows = new List<RowExplanation>();
        for (var row = 0; row < context.Rows.Rows; row++)
        {
            var element = output.ElementOf(values.AsSpan(row * width, width));
            var local = new LimeRow(context, background, row, samples);
            var fit = await local.FitAsync(evaluator, element);
            var explained = context.Explain(row, output.ClassOf(element, width), fit.Intercept, values[(row * width) + element], fit.Contributions, fit.Coefficients);
            rows.Add(explained with { LocalFit = fit.Determination });
        }

        return new Explanation
        {
            Method = ExplainMethods.Lime, Output = output.Info.Name, Scale = scale, Samples = samples, Seed = context.Parameters.Seed,
            Background = background.Source, BackgroundRows = background.Given?.Rows, Rows = rows,
        };
    }

    /// <summary>The local linear model of one row.</summary>
    /// <param name="Intercept">Its value where all numbers are at their mean and no category is the row's.</param>
    /// <param name="Coefficients">By unit of a number; NaN where a column stands as the same or not.</param>
    /// <param name="Determination">Weighted R².</param>
    internal sealed record Fit(double Intercept, double[] Contributions, double[] Coefficients, double Determination);

    private sealed class LimeRow
    {
        private readonly ExplainContext _context;
        private readonly LimeColumn[] _columns;
        private readonly int _row;
        private readonly int _samples;
        private readonly double[] _standing;

        public LimeRow(ExplainContext context, Background background, int row, int samples)
        {
            _context = context;
            _row = row;
            _samples = samples;
            _columns = [.. context.Columns.Select((column, c) => new LimeColumn(context.Rows, row, column, background.Values[c]))];
            _standing = new double[samples * _columns.Length];
        }

        public async Task<Fit> FitAsync(ModelEvaluator evaluator, int element)
        {
            var random = new SeededRandom(_context.Parameters.Seed ^ (_row * 0x5851F42D4C957F2DL));
            var outputs = await evaluator.EvaluateAsync(_context.Rows, _samples, element, (batch, start, count) =>
            {
                for (var i = 0; i < count; i++)
                {
                    Perturb(random, batch, i, start + i);
                }
            });
            var weights = Enumerable.Range(0, _samples).Select(Weight).ToArray();
            var squares = new LeastSquares(_columns.Length + 1);
            var line = new double[_columns.Length + 1];
            for (var s = 0; s < _samples; s++)
            {
                Standing(s).CopyTo(line);
                line[^1] = 1;
                squares.Add(line, outputs[s], weights[s]);
            }

            return Finish(squares.Solve(Ridge * weights.Sum(), free: _columns.Length), outputs, weights);
        }

        /// <summary>The first sample is the row itself, as in the authors' library.</summary>
        private void Perturb(SeededRandom random, RawTable batch, int target, int sample)
        {
            _context.Rows.CopyRow(_row, batch, target);
            for (var c = 0; c < _columns.Length; c++)
            {
                _standing[(sample * _columns.Length) + c] = sample == 0 ? _columns[c].Own : _columns[c].Perturb(random, batch, target);
            }
        }

        private Span<double> Standing(int sample) => _standing.AsSpan(sample * _columns.Length, _columns.Length);

        /// <summary>exp(-d²/w²) under the root, w = ¾·√columns.</summary>
        private double Weight(int sample)
        {
            var distance = 0.0;
            for (var c = 0; c < _columns.Length; c++)
            {
                var difference = Standing(sample)[c] - _columns[c].Own;
                distance += difference * difference;
            }

            return Math.Sqrt(Math.Exp(-distance / (0.5625 * _columns.Length)));
        }

        private Fit Finish(double[] solution, double[] outputs, double[] weights)
        {
            var mean = outputs.Zip(weights, (value, weight) => value * weight).Sum() / weights.Sum();
            var (left, all) = (0.0, 0.0);
            for (var s = 0; s < _samples; s++)
            {
                var predicted = solution[^1];
                for (var c = 0; c < _columns.Length; c++)
                {
                    predicted += solution[c] * Standing(s)[c];
                }

                left += weights[s] * (outputs[s] - predicted) * (outputs[s] - predicted);
                all += weights[s] * (outputs[s] - mean) * (outputs[s] - mean);
            }

            return new Fit(
                solution[^1],
                [.. _columns.Select((column, c) => solution[c] * column.Own)],
                [.. _columns.Select((column, c) => column.Deviation is { } deviation ? solution[c] / deviation : double.NaN)],
                all == 0 ? 1 : 1 - (left / all));
        }
    }
}

/// <summary>One column of a row as LIME perturbs it.</summary>
internal sealed class LimeColumn
{
    private readonly ColumnValues _values;
    private readonly RawTable _rows;
    private readonly int _row;
    private readonly RawColumn _column;
    private readonly double _mean;

    public LimeColumn(RawTable rows, int row, RawColumn column, ColumnValues values)
    {
        _rows = rows;
        _row = row;
        _column = column;
        _values = values;
        Own = 1;
        if (column.In(rows).IsText || double.IsNaN(column.In(rows).Number(row, column.Element)))
        {
            return;
        }

        var present = values.Numbers.Zip(values.Shares).Where(v => !double.IsNaN(v.First)).ToList();
        var share = present.Sum(v => v.Second);
        var number = column.In(rows).Number(row, column.Element);
        _mean = share > 0 ? present.Sum(v => v.First * v.Second) / share : number;
        var variance = share > 0 ? present.Sum(v => (v.First - _mean) * (v.First - _mean) * v.Second) / share : 0;

        // A constant column is perturbed by one unit, so that it has a coefficient at all.
        Deviation = variance > 0 ? Math.Sqrt(variance) : 1;
        Own = (number - _mean) / Deviation.Value;
    }

    /// <summary>Where the row itself stands.</summary>
    public double Own { get; }

    /// <summary>Of a number; null where the column stands as the same or not.</summary>
    public double? Deviation { get; }

    /// <summary>Puts a perturbed value into a cell and says where it stands.</summary>
    public double Perturb(SeededRandom random, RawTable batch, int target)
    {
        var input = _column.In(batch);
        if (Deviation is { } deviation)
        {
            input.SetNumber(target, _column.Element, _mean + (deviation * random.NextNormal()));
            return (input.Number(target, _column.Element) - _mean) / deviation;
        }

        // A missing number stays so in half of the rows; categories come as often as in the background.
        if (input.IsText || random.NextDouble() < 0.5)
        {
            _values.Store(_values.Draw(random), batch, target, _column);
        }

        return input.Same(target, _column.Element, _column.In(_rows), _row) ? 1 : 0;
    }
}
