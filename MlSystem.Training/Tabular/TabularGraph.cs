using MlSystem.Contracts;
using MlSystem.Onnx;
using MlSystem.Training.Tabular.MlNet;
using MlSystem.Training.Tabular.Preprocessing;

namespace MlSystem.Training.Tabular;

/// <summary>
/// Writes the one graph of a tabular model: raw columns → features → scores → predictions.
/// Scores and links are computed in double, as ML.NET does: summed in single precision, a large ensemble
/// would be off by more than 1e-5.
/// </summary>
internal static class TabularGraph
{
    public static OnnxModel Write(TabularSchema schema, IReadOnlyList<string> classes, TabularPreprocessor preprocessor, FittedModel model, IReadOnlyDictionary<string, string> metadata)
    {
        var graph = new GraphBuilder("tabular");
        var features = graph.Cast(preprocessor.Append(graph, schema), ElementType.Double);
        var scores = Scores(graph, features, model);
        if (model.Link is ScoreLink.Affine affine)
        {
            var value = graph.Add(graph.Mul(scores, graph.Scalar(affine.Deviation)), graph.Scalar(affine.Mean));
            graph.Output(StandardOutputs.Prediction, graph.Squeeze(graph.Cast(value, ElementType.Float), 1));
        }
        else
        {
            var probabilities = Probabilities(graph, scores, model.Link);
            graph.Output(StandardOutputs.Label, Label(graph, probabilities, classes, schema.IntegerLabels));
            graph.Output(StandardOutputs.Probabilities, graph.Cast(probabilities, ElementType.Float));
        }

        return graph.Build(new OnnxModelInfo { Domain = "mlsystem.tabular" }, metadata);
    }

    /// <summary>Double [N, outputs]; rounded to single precision on the way, as ML.NET's scores are.</summary>
    private static OnnxValue Scores(GraphBuilder graph, OnnxValue features, FittedModel model)
    {
        if (model.Trees is { } trees)
        {
            return graph.Cast(graph.TreeEnsembleRegressor(features, trees), ElementType.Double);
        }

        var linear = model.Linear!;
        var weights = graph.Constant<double>([.. linear.Coefficients.SelectMany(c => c)], linear.Outputs, linear.Features);
        var intercepts = graph.Constant<double>([.. linear.Intercepts], 1, linear.Outputs);
        return graph.Gemm(features, weights, intercepts, transposeB: true);
    }

    private static OnnxValue Probabilities(GraphBuilder graph, OnnxValue scores, ScoreLink link)
    {
        if (link is not ScoreLink.Logistic logistic)
        {
            return graph.Softmax(scores, axis: 1);
        }

        // Both from their own side of the sigmoid: 1 - p would lose the digits of a small probability.
        var exponent = graph.Add(graph.Mul(scores, graph.Scalar(logistic.Slope)), graph.Scalar(logistic.Offset));
        return graph.Concat([graph.Sigmoid(exponent), graph.Sigmoid(graph.Mul(exponent, graph.Scalar(-1.0)))], axis: 1);
    }

    private static OnnxValue Label(GraphBuilder graph, OnnxValue probabilities, IReadOnlyList<string> classes, bool integers)
    {
        var names = integers
            ? graph.Constant<long>([.. classes.Select(c => long.Parse(c, System.Globalization.CultureInfo.InvariantCulture))])
            : graph.Constant(classes);
        return graph.Gather(names, graph.ArgMax(probabilities, axis: 1));
    }
}
