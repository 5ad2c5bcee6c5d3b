using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Onnx;

namespace MlSystem.BenchModels;

/// <summary>A model of the benchmarks with its signature; its weights are random but the same in every run.</summary>
public sealed record BenchModel(string Name, OnnxModel Model, ModelSignature Signature)
{
    /// <summary>The four models, by their names in reports.</summary>
    public static IReadOnlyList<BenchModel> All => [DenseModels.Lr(), DenseModels.Mlp(), TreeModel.Gbt(), RecommenderModel.Rec()];

    /// <summary>The files of a version's artifact folder.</summary>
    public IReadOnlyDictionary<string, byte[]> Files => new Dictionary<string, byte[]>(StringComparer.Ordinal)
    {
        [ModelFiles.Onnx] = Model.ToBytes(),
        [ModelFiles.Signature] = JsonSerializer.SerializeToUtf8Bytes(Signature, ContractsJson.Default.ModelSignature),
        [ModelFiles.Metrics] = "{}"u8.ToArray(),
    };

    internal static BenchModel Of(string name, GraphBuilder graph, IReadOnlyList<TensorSpec> inputs, IReadOnlyList<TensorSpec> outputs) =>
        new(name, graph.Build(new OnnxModelInfo()), new ModelSignature { Task = ModelTask.Custom, Inputs = inputs, Outputs = outputs });

    internal static TensorSpec Spec(string name, string datatype, params IReadOnlyList<long> shape) => new() { Name = name, Datatype = datatype, Shape = shape };
}
