using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Fixture;

/// <summary>The artifact folder of a version, made with the real ONNX writer.</summary>
public sealed class ModelFolder
{
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public ModelManifest Manifest => new()
    {
        Files = [.. Files.Select(file => new ManifestFile { Path = file.Key, Sha256 = Convert.ToHexStringLower(SHA256.HashData(file.Value)), SizeBytes = file.Value.Length })],
    };

    /// <summary>x FP32 [N, 3] → prediction FP32 [N] = bias + x·(1, 10, 100).</summary>
    public static ModelFolder Linear(float bias = 0)
    {
        var graph = new GraphBuilder("linear");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        var weights = graph.Constant<float>([1, 10, 100], 3, 1);
        var sum = graph.Add(graph.MatMul(x, weights), graph.Constant<float>([bias], 1));
        graph.Output("prediction", graph.Squeeze(sum, 1));
        return Of(graph, Signature(ModelTask.Regression, [Spec("x", "FP32", -1, 3)], [Spec("prediction", "FP32", -1)]));
    }

    /// <summary>Every datatype's column in and out unchanged: in_FP32 → out_FP32 and so on.</summary>
    public static ModelFolder Echo(string? except = null)
    {
        var graph = new GraphBuilder("echo");
        List<TensorSpec> inputs = [];
        List<TensorSpec> outputs = [];
        foreach (var datatype in Tensors.Datatypes.All.Where(datatype => datatype != except))
        {
            var x = graph.Input("in_" + datatype, new TensorType(ElementTypes.FromInferenceDatatype(datatype), Dimension.Batch, 1));
            graph.Output("out_" + datatype, graph.Identity(x));
            inputs.Add(Spec("in_" + datatype, datatype, -1, 1) with { Nullable = datatype is "FP16" or "FP32" or "FP64" or "BYTES" });
            outputs.Add(Spec("out_" + datatype, datatype, -1, 1));
        }

        return Of(graph, Signature(ModelTask.Custom, inputs, outputs));
    }

    /// <summary>Columns age FP32, income FP64 (nullable) and plan BYTES, looked up in service <c>people</c> by join key <c>person_id</c>; each comes out as <c>…_out</c>.</summary>
    public static ModelFolder Columns(bool lookup = true)
    {
        var graph = new GraphBuilder("columns");
        var age = graph.Input("age", new TensorType(ElementType.Float, Dimension.Batch, 1));
        var income = graph.Input("income", new TensorType(ElementType.Double, Dimension.Batch, 1));
        var plan = graph.Input("plan", new TensorType(ElementType.String, Dimension.Batch, 1));
        graph.Output("age_out", graph.Identity(age));
        graph.Output("income_out", graph.Identity(income));
        graph.Output("plan_out", graph.Identity(plan));
        var folder = Of(graph, Signature(
            ModelTask.Custom,
            [Spec("age", "FP32", -1, 1), Spec("income", "FP64", -1, 1) with { Nullable = true }, Spec("plan", "BYTES", -1, 1)],
            [Spec("age_out", "FP32", -1, 1), Spec("income_out", "FP64", -1, 1), Spec("plan_out", "BYTES", -1, 1)]));
        if (lookup)
        {
            folder.Files[ModelFiles.Lineage] = JsonSerializer.SerializeToUtf8Bytes(Lineage(), ContractsJson.Default.ModelLineage);
        }

        return folder;
    }

    private static ModelLineage Lineage() => new()
    {
        RunId = "r1",
        DataFingerprint = new string('0', 64),
        TrainingRows = 10,
        FeatureService = "people",
        FeatureServiceVersion = 3,
        JoinKeys = [Spec("person_id", "BYTES", -1, 1)],
        CodeVersion = "1",
        Parameters = new Dictionary<string, string>(StringComparer.Ordinal),
        Seed = 1,
        Trigger = new RunTrigger { Kind = "manual" },
        TrainedAt = DateTimeOffset.UnixEpoch,
    };

    public static ModelFolder Of(GraphBuilder graph, ModelSignature signature) => Of(graph.Build(new OnnxModelInfo()), signature);

    public static ModelFolder Of(OnnxModel model, ModelSignature signature)
    {
        var folder = new ModelFolder();
        folder.Files[ModelFiles.Onnx] = model.ToBytes();
        folder.Files[ModelFiles.Signature] = JsonSerializer.SerializeToUtf8Bytes(signature, ContractsJson.Default.ModelSignature);
        folder.Files[ModelFiles.Metrics] = Encoding.UTF8.GetBytes("{}");
        return folder;
    }

    public static TensorSpec Spec(string name, string datatype, params long[] shape) => new() { Name = name, Datatype = datatype, Shape = shape };

    public static ModelSignature Signature(string task, IReadOnlyList<TensorSpec> inputs, IReadOnlyList<TensorSpec> outputs) => new() { Task = task, Inputs = inputs, Outputs = outputs };
}
