using MlSystem.Contracts;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Batching;

/// <summary>With real ONNX models: only those whose rows know nothing of each other may share runs.</summary>
public sealed class RowProbeTests
{
    [Fact]
    public async Task Rows_of_a_linear_model_are_independent_and_timed() => Assert.Equal([1, 16], (await ProbeAsync(ModelFolder.Linear())).Observed.Select(seen => seen.Rows));

    [Fact]
    public async Task A_model_that_takes_one_row_only_is_not_batched() => Assert.False((await ProbeAsync(FaultyModels.OneRowOnly(bias: 0))).RowsIndependent);

    /// <summary>The outputs have a row for each input row, which is not enough: each has the sum over all rows in it.</summary>
    [Fact]
    public async Task A_model_that_mixes_its_rows_is_not_batched()
    {
        var graph = new GraphBuilder("mixing");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        graph.Output("y", graph.Add(x, graph.ReduceSum(x, [0], keepDims: true)));
        var folder = ModelFolder.Of(graph, ModelFolder.Signature(ModelTask.Custom, [ModelFolder.Spec("x", "FP32", -1, 3)], [ModelFolder.Spec("y", "FP32", -1, 3)]));
        Assert.False((await ProbeAsync(folder)).RowsIndependent);
    }

    [Fact]
    public async Task Outputs_with_other_rows_than_the_inputs_are_not_batched()
    {
        var model = new FakeRuntime { SurplusRows = 1 };
        Assert.False((await RowProbe.RunAsync(model, TimeSpan.FromMilliseconds(1), TimeProvider.System, TestContext.Current.CancellationToken)).RowsIndependent);
    }

    private static async Task<ModelProfile> ProbeAsync(ModelFolder folder)
    {
        using var files = new TempFolder();
        var path = Path.Combine(files.Path, "model.onnx");
        await File.WriteAllBytesAsync(path, folder.Files[ModelFiles.Onnx]);
        var signature = System.Text.Json.JsonSerializer.Deserialize(folder.Files[ModelFiles.Signature], ContractsJson.Default.ModelSignature)!;
        using var model = OnnxRuntimeModel.Load(path, new ModelSignatureSource(signature, []), Execution.Of(new ExecutionSettings(), new RuntimeOptions()), maxPooledBytes: 1 << 20);
        return await RowProbe.RunAsync(model, TimeSpan.FromMilliseconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
    }
}
