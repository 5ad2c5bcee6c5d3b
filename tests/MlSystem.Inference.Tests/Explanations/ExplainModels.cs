using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>Small models whose explanations are known by hand.</summary>
public static class ExplainModels
{
    /// <summary>Columns a, b (FP32, nullable) and plan (BYTES) → standardised, one-hot → double Gemm → log-odds, probabilities.</summary>
    public static ModelFolder Logistic()
    {
        var graph = new GraphBuilder("logistic");
        var numbers = graph.Concat([Column(graph, "a"), Column(graph, "b")], 1);
        var missing = graph.IsNaN(numbers);
        var filled = graph.Where(missing, graph.Constant<float>([1, 2], 1, 2), numbers);
        var scaled = graph.Mul(graph.Sub(filled, graph.Constant<float>([1, 2], 1, 2)), graph.Constant<float>([0.5f, 0.25f], 1, 2));
        var plan = graph.Squeeze(graph.OneHotEncoder(graph.Input("plan", new TensorType(ElementType.String, Dimension.Batch, 1)), ["basic", "gold"]), 1);
        var features = graph.Cast(graph.Concat([scaled, graph.Cast(missing, ElementType.Float), plan], 1), ElementType.Double);
        var score = graph.Gemm(features, graph.Constant<double>([2, -1, 0.5, 0.25, 0.75, -1.5], 6, 1), graph.Constant<double>([0.1], 1, 1));
        var probabilities = graph.Concat([graph.Sigmoid(graph.Mul(score, graph.Scalar(-1.0))), graph.Sigmoid(score)], 1);
        graph.Output("label", graph.Gather(graph.Constant(["No", "Yes"]), graph.ArgMax(probabilities, 1)));
        graph.Output("probabilities", graph.Cast(probabilities, ElementType.Float));
        var folder = ModelFolder.Of(graph, ModelFolder.Signature(
            ModelTask.BinaryClassification,
            [ModelFolder.Spec("a", "FP32", -1, 1) with { Nullable = true }, ModelFolder.Spec("b", "FP32", -1, 1) with { Nullable = true }, ModelFolder.Spec("plan", "BYTES", -1, 1)],
            [ModelFolder.Spec("label", "BYTES", -1) with { Categories = ["No", "Yes"] }, ModelFolder.Spec("probabilities", "FP32", -1, 2)]));

        // a: 0, 1, 3 in equal parts; b: 2 and 6, one in five missing; plan: three in four basic.
        folder.Files[ModelFiles.Baseline] = JsonSerializer.SerializeToUtf8Bytes(
            new Baseline
            {
                Rows = 60,
                Inputs =
                [
                    new ColumnBaseline { Name = "a", Count = 60, Missing = 0, Numeric = Numeric([0, 0.5, 2, 3], [20, 20, 20]) },
                    new ColumnBaseline { Name = "b", Count = 48, Missing = 12, Numeric = Numeric([2, 4, 6], [24, 24]) },
                    new ColumnBaseline { Name = "plan", Count = 60, Missing = 0, Categorical = new CategoricalBaseline { Counts = new Dictionary<string, long>(StringComparer.Ordinal) { ["basic"] = 45, ["gold"] = 15 } } },
                ],
                Outputs = [],
            },
            ContractsJson.Default.Baseline);
        return folder;
    }

    /// <summary>prediction = p·q + 2·max(r, 0) − s, not linear and no trees.</summary>
    public static ModelFolder Product()
    {
        var graph = new GraphBuilder("product");
        var (p, q, r, s) = (Column(graph, "p"), Column(graph, "q"), Column(graph, "r"), Column(graph, "s"));
        var sum = graph.Sub(graph.Add(graph.Mul(p, q), graph.Mul(graph.Where(graph.Less(r, graph.Scalar(0f)), graph.Scalar(0f), r), graph.Scalar(2f))), s);
        graph.Output("prediction", graph.Squeeze(sum, 1));
        return ModelFolder.Of(graph, ModelFolder.Signature(
            ModelTask.Regression, [.. "pqrs".Select(name => ModelFolder.Spec($"{name}", "FP32", -1, 1))], [ModelFolder.Spec("prediction", "FP32", -1)]));
    }

    /// <summary>A classifier of three classes as converters of others write it: one float matrix in, softmax in the node.</summary>
    public static ModelFolder Classifier()
    {
        var graph = new GraphBuilder("classifier");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        DecisionTree Stump(int feature, int output, double low, double high) => new(
            [new TreeNode { Feature = feature, Threshold = 0.5, True = 1, False = 2 }, new TreeNode { Leaf = [new LeafWeight(output, low)] }, new TreeNode { Leaf = [new LeafWeight(output, high)] }]);
        var trees = new TreeEnsemble { Outputs = 3, Trees = [Stump(0, 0, 1, -1), Stump(1, 1, 0.5, 2), Stump(2, 2, -0.25, 0.75), Stump(0, 2, 0, 1)], PostTransform = PostTransform.Softmax };
        var (label, scores) = graph.TreeEnsembleClassifier(x, trees, ["x", "y", "z"]);
        graph.Output("label", label);
        graph.Output("probabilities", scores);
        return ModelFolder.Of(graph, ModelFolder.Signature(
            ModelTask.MulticlassClassification, [ModelFolder.Spec("x", "FP32", -1, 3)],
            [ModelFolder.Spec("label", "BYTES", -1) with { Categories = ["x", "y", "z"] }, ModelFolder.Spec("probabilities", "FP32", -1, 3)]));
    }

    /// <summary>Two classes whose leaves speak of one only, as converters write binary boosters; probabilities where the node makes them.</summary>
    public static ModelFolder SingleScore(int output, PostTransform transform, bool positive)
    {
        var graph = new GraphBuilder("single");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        DecisionTree Stump(int feature, double low, double high) => new(
            [new TreeNode { Feature = feature, Threshold = 0.5, True = 1, False = 2 }, new TreeNode { Leaf = [new LeafWeight(output, low)] }, new TreeNode { Leaf = [new LeafWeight(output, high)] }]);
        var trees = new TreeEnsemble { Outputs = 2, Trees = [Stump(0, 0.125, 0.5), Stump(2, positive ? 0.25 : -0.75, 0.375)], PostTransform = transform };
        var (label, scores) = graph.TreeEnsembleClassifier(x, trees, ["no", "yes"]);
        graph.Output("label", label);
        graph.Output("probabilities", scores);
        return ModelFolder.Of(graph, ModelFolder.Signature(
            ModelTask.BinaryClassification, [ModelFolder.Spec("x", "FP32", -1, 3)],
            [ModelFolder.Spec("label", "BYTES", -1) with { Categories = ["no", "yes"] }, ModelFolder.Spec("probabilities", "FP32", -1, 2)]));
    }

    public static string Inputs(params (string Name, string Datatype, string Data)[] inputs) =>
        $"\"inputs\":[{string.Join(',', inputs.Select(i => $$"""{"name":"{{i.Name}}","shape":[{{i.Data.Split(',').Length}},1],"datatype":"{{i.Datatype}}","data":[{{i.Data}}]}"""))}]";

    private static OnnxValue Column(GraphBuilder graph, string name) => graph.Input(name, new TensorType(ElementType.Float, Dimension.Batch, 1));

    private static NumericBaseline Numeric(double[] edges, long[] counts) =>
        new() { Mean = 0, StandardDeviation = 1, Min = edges[0], Max = edges[^1], BinEdges = edges, BinCounts = counts };
}
