using MlSystem.Onnx;

namespace MlSystem.Training.Tabular.Outputs;

/// <summary>
/// From raw scores to predictions: link, calibration and threshold, once for arrays and once for the graph, with the same operations.
/// </summary>
/// <param name="Calibrators">One for two classes, one for each of more; empty: not calibrated.</param>
/// <param name="Threshold">Probability from which on a row is labelled with the second of two classes; null: the likeliest class.</param>
internal sealed record OutputStage(ScoreLink Link, IReadOnlyList<Calibrator> Calibrators, double? Threshold)
{
    private Calibrator? Only => Calibrators.Count == 0 ? null : Calibrators[0];

    /// <summary>Probabilities, rows × classes.</summary>
    public double[] Probabilities(double[] scores, int classes)
    {
        if (Link is ScoreLink.Logistic)
        {
            return [.. scores.SelectMany(s => Pair(s))];
        }

        var probabilities = new double[scores.Length];
        for (var start = 0; start < scores.Length; start += classes)
        {
            Row(scores.AsSpan(start, classes), probabilities.AsSpan(start, classes));
        }

        return probabilities;
    }

    /// <summary>Predicted values of a regression.</summary>
    public double[] Values(double[] scores) => Array.ConvertAll(scores, ((ScoreLink.Affine)Link).Value);

    /// <summary>Double [N, outputs] to double [N, classes].</summary>
    public OnnxValue AppendProbabilities(GraphBuilder graph, OnnxValue scores, int classes)
    {
        switch (Link)
        {
            case ScoreLink.Logistic:
                return AppendPair(graph, scores);
            case ScoreLink.OneVersusAll:
                return Shares(graph, Calibrated(graph, graph.Sigmoid(scores), classes));
            default:
                var likely = graph.Softmax(scores, axis: 1);
                return Calibrators.Count == 0 ? likely : Shares(graph, Calibrated(graph, likely, classes));
        }
    }

    /// <summary>Double [N, 1] to double [N, 1].</summary>
    public OnnxValue AppendValue(GraphBuilder graph, OnnxValue scores)
    {
        var affine = (ScoreLink.Affine)Link;
        var value = graph.Add(graph.Mul(scores, graph.Scalar(affine.Deviation)), graph.Scalar(affine.Mean));
        return affine.Log ? graph.Sub(graph.Exp(value), graph.Scalar(1.0)) : value;
    }

    private double[] Pair(double score)
    {
        switch (Only)
        {
            case Calibrator.Platt platt:
                var logit = (platt.Slope * score) + platt.Offset;
                return [Logits.Probability(-logit), Logits.Probability(logit)];
            case { } isotonic:
                var p = isotonic.Apply(Logits.Probability(score));
                return [1 - p, p];
            default:
                return [Logits.Probability(-score), Logits.Probability(score)];
        }
    }

    private void Row(ReadOnlySpan<double> scores, Span<double> probabilities)
    {
        if (Link is ScoreLink.OneVersusAll)
        {
            for (var c = 0; c < scores.Length; c++)
            {
                probabilities[c] = Logits.Probability(scores[c]);
            }
        }
        else
        {
            System.Numerics.Tensors.TensorPrimitives.SoftMax(scores, probabilities);
        }

        for (var c = 0; c < Calibrators.Count; c++)
        {
            probabilities[c] = Calibrators[c].Apply(probabilities[c]);
        }

        var sum = System.Numerics.Tensors.TensorPrimitives.Sum<double>(probabilities);
        System.Numerics.Tensors.TensorPrimitives.Divide(probabilities, sum, probabilities);
    }

    private OnnxValue AppendPair(GraphBuilder graph, OnnxValue scores)
    {
        if (Only is Calibrator.Isotonic isotonic)
        {
            var p = Piecewise(graph, graph.Sigmoid(scores), isotonic);
            return graph.Concat([graph.Sub(graph.Scalar(1.0), p), p], axis: 1);
        }

        // Both from their own side of the sigmoid: 1 - p would lose the digits of a small probability.
        var platt = Only as Calibrator.Platt ?? new Calibrator.Platt(1, 0);
        var exponent = graph.Add(graph.Mul(scores, graph.Scalar(-platt.Slope)), graph.Scalar(-platt.Offset));
        return graph.Concat([graph.Sigmoid(exponent), graph.Sigmoid(graph.Mul(exponent, graph.Scalar(-1.0)))], axis: 1);
    }

    private OnnxValue Calibrated(GraphBuilder graph, OnnxValue probabilities, int classes) => Calibrators.Count == 0
        ? probabilities
        : graph.Concat([.. Enumerable.Range(0, classes).Select(c => One(graph, graph.Slice(probabilities, c, c + 1, 1), Calibrators[c]))], axis: 1);

    private static OnnxValue One(GraphBuilder graph, OnnxValue probability, Calibrator calibrator)
    {
        if (calibrator is Calibrator.Isotonic isotonic)
        {
            return Piecewise(graph, probability, isotonic);
        }

        var platt = (Calibrator.Platt)calibrator;
        var kept = graph.Clip(probability, graph.Scalar(Logits.Smallest), graph.Scalar(1 - Logits.Smallest));
        var odds = graph.Log(graph.Div(kept, graph.Sub(graph.Scalar(1.0), kept)));
        return graph.Sigmoid(graph.Add(graph.Mul(odds, graph.Scalar(platt.Slope)), graph.Scalar(platt.Offset)));
    }

    private static OnnxValue Piecewise(GraphBuilder graph, OnnxValue x, Calibrator.Isotonic map)
    {
        var knots = map.Inputs.Count;
        var above = graph.Relu(graph.Sub(x, graph.Constant<double>([.. map.Inputs], 1, knots)));
        var sum = graph.MatMul(above, graph.Constant<double>(map.SlopeChanges(), knots, 1));
        return graph.Clip(graph.Add(sum, graph.Scalar(map.Outputs[0])), graph.Scalar(map.Outputs[0]), graph.Scalar(map.Outputs[^1]));
    }

    private static OnnxValue Shares(GraphBuilder graph, OnnxValue values) => graph.Div(values, graph.ReduceSum(values, [1], keepDims: true));
}
