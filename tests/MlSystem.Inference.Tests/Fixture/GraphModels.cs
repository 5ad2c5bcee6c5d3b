using System.Globalization;
using System.Text;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Fixture;

/// <summary>Small members for graphs, each over a column x FP32 [N, 1], and graphs of them.</summary>
public static class GraphModels
{
    /// <summary>prediction FP32 [N] = factor · x. Another name than x for the input, if wanted.</summary>
    public static ModelFolder Scale(float factor, string input = "x")
    {
        var graph = new GraphBuilder("scale");
        var x = graph.Input(input, new TensorType(ElementType.Float, Dimension.Batch, 1));
        graph.Output("prediction", graph.Squeeze(graph.Mul(x, graph.Constant<float>([factor], 1)), 1));
        return ModelFolder.Of(graph, ModelFolder.Signature(ModelTask.Regression, [ModelFolder.Spec(input, "FP32", -1, 1)], [ModelFolder.Spec("prediction", "FP32", -1)]));
    }

    /// <summary>prediction FP32 [N] = a + 100 · b.</summary>
    public static ModelFolder Meta()
    {
        var graph = new GraphBuilder("meta");
        var a = graph.Input("a", new TensorType(ElementType.Float, Dimension.Batch, 1));
        var b = graph.Input("b", new TensorType(ElementType.Float, Dimension.Batch, 1));
        graph.Output("prediction", graph.Squeeze(graph.Add(a, graph.Mul(b, graph.Constant<float>([100], 1))), 1));
        return ModelFolder.Of(graph, ModelFolder.Signature(
            ModelTask.Regression, [ModelFolder.Spec("a", "FP32", -1, 1), ModelFolder.Spec("b", "FP32", -1, 1)], [ModelFolder.Spec("prediction", "FP32", -1)]));
    }

    /// <summary>p = slope · x is the probability of class "yes"; the classes stand in the order given. Label "yes" from 0.5 on.</summary>
    public static ModelFolder Classifier(float slope, params string[] classes)
    {
        var graph = new GraphBuilder("classifier");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 1));
        var yes = graph.Mul(x, graph.Constant<float>([slope], 1));
        var no = graph.Sub(graph.Constant<float>([1], 1), yes);
        graph.Output("label", graph.Squeeze(graph.Where(graph.Less(yes, graph.Constant<float>([0.5f], 1)), graph.Constant(["no"], 1), graph.Constant(["yes"], 1)), 1));
        graph.Output("probabilities", graph.Concat(classes[0] == "yes" ? [yes, no] : [no, yes], 1));
        return ModelFolder.Of(graph, ModelFolder.Signature(
            ModelTask.BinaryClassification,
            [ModelFolder.Spec("x", "FP32", -1, 1)],
            [ModelFolder.Spec("label", "BYTES", -1) with { Categories = classes }, ModelFolder.Spec("probabilities", "FP32", -1, 2)]));
    }

    /// <summary>prediction = 7 for x = 0 and the failure of the model for everything else.</summary>
    public static ModelFolder Fragile()
    {
        var graph = new GraphBuilder("fragile");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 1));
        graph.Output("prediction", graph.Squeeze(graph.Gather(graph.Constant<float>([7], 1), graph.Cast(x, ElementType.Int64)), 1));
        return ModelFolder.Of(graph, ModelFolder.Signature(ModelTask.Regression, [ModelFolder.Spec("x", "FP32", -1, 1)], [ModelFolder.Spec("prediction", "FP32", -1)]));
    }

    public static ModelFolder Graph(string nodes, ModelSignature? signature = null)
    {
        var folder = new ModelFolder();
        folder.Files[ModelFiles.Ensemble] = Encoding.UTF8.GetBytes($$"""{"nodes":{{nodes}}}""");
        if (signature is not null)
        {
            folder.Files[ModelFiles.Signature] = JsonSerializer.SerializeToUtf8Bytes(signature, ContractsJson.Default.ModelSignature);
        }

        return folder;
    }

    /// <summary>A request with the column x, one value a row.</summary>
    public static string Body(params float[] x) =>
        $$"""{"inputs":[{"name":"x","shape":[{{x.Length}},1],"datatype":"FP32","data":[{{string.Join(',', x.Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}}]}]}""";

    public static JsonElement Output(this JsonElement body, string name) => body.GetProperty("outputs").EnumerateArray().Single(output => output.GetProperty("name").GetString() == name).GetProperty("data");

    public static float[] Floats(this JsonElement body, string name) => [.. body.Output(name).EnumerateArray().Select(value => value.GetSingle())];
}
