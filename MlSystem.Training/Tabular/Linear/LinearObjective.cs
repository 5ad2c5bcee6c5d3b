using System.Numerics.Tensors;
using MlSystem.Training.Tabular.Features;

namespace MlSystem.Training.Tabular.Linear;

/// <summary>
/// Weighted loss of a linear model, summed over the rows, plus l2/2 · Σ weights² (intercepts are free): log-loss for
/// classes, half the squared error for numbers. Parameters: for each output its weights, then its intercept.
/// </summary>
internal sealed class LinearObjective
{
    /// <summary>Rows are summed in fixed blocks, so that the result does not depend on the number of threads.</summary>
    private const int Blocks = 16;

    private readonly FeatureRows _features;
    private readonly TargetColumn _targets;
    private readonly float[] _dense;
    private readonly int _threads;

    public LinearObjective(TrainingSet set, int threads)
    {
        _features = set.Features;
        _targets = set.Targets;
        _threads = threads;
        _dense = new float[_features.Rows * _features.DenseWidth];
        _features.FillDense(0, _features.Rows, _dense);
    }

    public int Stride => _features.Width + 1;

    public int Size => Stride * _targets.Outputs;

    public double L2 { get; set; }

    /// <summary>Value and gradient.</summary>
    public double Evaluate(double[] parameters, double[] gradient)
    {
        var parts = new (double Loss, double[] Gradient)[Blocks];
        Parallel.For(0, Blocks, new ParallelOptions { MaxDegreeOfParallelism = _threads }, b => parts[b] = Block(parameters, b));
        Array.Clear(gradient);
        var loss = 0.0;
        foreach (var (value, part) in parts)
        {
            loss += value;
            TensorPrimitives.Add<double>(gradient, part, gradient);
        }

        for (var i = 0; i < parameters.Length; i++)
        {
            if (i % Stride != Stride - 1)
            {
                loss += L2 / 2 * parameters[i] * parameters[i];
                gradient[i] += L2 * parameters[i];
            }
        }

        return loss;
    }

    /// <summary>Raw scores, rows × outputs.</summary>
    public double[] Scores(double[] parameters)
    {
        var outputs = _targets.Outputs;
        var scores = new double[_features.Rows * outputs];
        var row = new double[_features.DenseWidth];
        for (var r = 0; r < _features.Rows; r++)
        {
            Score(parameters, r, row, scores.AsSpan(r * outputs, outputs));
        }

        return scores;
    }

    private (double Loss, double[] Gradient) Block(double[] parameters, int block)
    {
        var (from, to) = ((int)((long)_features.Rows * block / Blocks), (int)((long)_features.Rows * (block + 1) / Blocks));
        var gradient = new double[parameters.Length];
        var row = new double[_features.DenseWidth];
        var scores = new double[_targets.Outputs];
        var loss = 0.0;
        for (var r = from; r < to; r++)
        {
            Score(parameters, r, row, scores);
            var weight = _targets.Weight(r);
            loss += weight * LinearLoss.Value(_targets, r, scores);
            for (var o = 0; o < scores.Length; o++)
            {
                Accumulate(gradient.AsSpan(o * Stride, Stride), r, row, weight * scores[o]);
            }
        }

        return (loss, gradient);
    }

    private void Score(double[] parameters, int r, double[] row, Span<double> scores)
    {
        TensorPrimitives.ConvertTruncating<float, double>(_dense.AsSpan(r * row.Length, row.Length), row);
        for (var o = 0; o < scores.Length; o++)
        {
            var weights = parameters.AsSpan(o * Stride, Stride);
            var sum = weights[^1] + TensorPrimitives.Dot(weights[..row.Length], row);
            for (var c = 0; c < _features.CodeColumns; c++)
            {
                sum += _features.Code(c, r) is >= 0 and var position ? weights[position] : 0;
            }

            scores[o] = sum;
        }
    }

    private void Accumulate(Span<double> gradient, int r, double[] row, double slope)
    {
        TensorPrimitives.MultiplyAdd(row, slope, gradient[..row.Length], gradient[..row.Length]);
        gradient[^1] += slope;
        for (var c = 0; c < _features.CodeColumns; c++)
        {
            if (_features.Code(c, r) is >= 0 and var position)
            {
                gradient[position] += slope;
            }
        }
    }
}
