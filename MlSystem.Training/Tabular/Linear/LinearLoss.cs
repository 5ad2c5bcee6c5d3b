using System.Numerics.Tensors;
using MlSystem.Training.Tabular.Features;

namespace MlSystem.Training.Tabular.Linear;

/// <summary>Loss of one row by its raw scores: log-loss in nats, or half the squared error.</summary>
internal static class LinearLoss
{
    /// <summary>The loss; the scores are replaced by its derivatives.</summary>
    public static double Value(TargetColumn targets, int row, Span<double> scores)
    {
        if (targets.Values is { } values)
        {
            scores[0] -= values[row];
            return scores[0] * scores[0] / 2;
        }

        if (scores.Length == 1)
        {
            var z = scores[0];
            double label = targets.Positions![row];
            scores[0] = (1 / (1 + Math.Exp(-z))) - label;
            return Math.Max(z, 0) + Math.Log(1 + Math.Exp(-Math.Abs(z))) - (label * z);
        }

        var actual = targets.Positions![row];
        var top = TensorPrimitives.Max<double>(scores);
        var own = scores[actual] - top;
        TensorPrimitives.Subtract(scores, top, scores);
        TensorPrimitives.Exp<double>(scores, scores);
        var sum = TensorPrimitives.Sum<double>(scores);
        TensorPrimitives.Divide(scores, sum, scores);
        scores[actual] -= 1;
        return Math.Log(sum) - own;
    }

    /// <summary>Weighted mean loss of rows.</summary>
    public static double Mean(TargetColumn targets, double[] scores)
    {
        double loss = 0, weights = 0;
        var outputs = targets.Outputs;
        var row = new double[outputs];
        for (var r = 0; r < scores.Length / outputs; r++)
        {
            scores.AsSpan(r * outputs, outputs).CopyTo(row);
            loss += targets.Weight(r) * Value(targets, r, row);
            weights += targets.Weight(r);
        }

        return loss / weights;
    }
}
