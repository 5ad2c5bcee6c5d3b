using MlSystem.Contracts;
using MlSystem.Onnx;
using MlSystem.Training.Tabular.Outputs;
using MlSystem.Training.Tabular.Preprocessing;

namespace MlSystem.Training.Tabular;

/// <summary>
/// Writes the one graph of a tabular model: raw columns → features → scores → predictions.
/// Scores and links are computed in double, as ML.NET does: summed in single precision, a large ensemble
/// would be off by more than 1e-5.
/// </summary>
internal static class TabularGraph
{
    public static OnnxModel Write(TabularSchema schema, IReadOnlyList<string> classes, TabularPreprocessor preprocessor, FittedModel model, OutputStage stage, IReadOnlyDictionary<string, string> metadata)
    {
        var graph = new GraphBuilder("tabular");
        var features = graph.Cast(preprocessor.Append(graph, schema), ElementType.Double);
        var scores = Scores(graph, features, model);
        if (classes.Count == 0)
        {
            graph.Output(StandardOutputs.Prediction, graph.Squeeze(graph.Cast(stage.AppendValue(graph, scores), ElementType.Float), 1));
        }
        else
        {
            var probabilities = stage.AppendProbabilities(graph, scores, classes.Count);
            graph.Output(StandardOutputs.Label, Label(graph, probabilities, classes, schema.IntegerLabels, stage.Threshold));
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

    private static OnnxValue Label(GraphBuilder graph, OnnxValue probabilities, IReadOnlyList<string> classes, bool integers, double? threshold)
    {
        var names = integers
            ? graph.Constant<long>([.. classes.Select(c => long.Parse(c, System.Globalization.CultureInfo.InvariantCulture))])
            : graph.Constant(classes);
        if (threshold is not { } least)
        {
            return graph.Gather(names, graph.ArgMax(probabilities, axis: 1));
        }

        var positive = graph.Not(graph.Less(graph.Slice(probabilities, 1, 2, 1), graph.Scalar(least)));
        return graph.Gather(names, graph.Squeeze(graph.Cast(positive, ElementType.Int64), 1));
    }
}
