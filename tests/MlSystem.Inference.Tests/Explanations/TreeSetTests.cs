using Google.Protobuf;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx;
using MlSystem.Onnx.Protos;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>Trees of ai.onnx.ml 5: one stump tests for a set, another for equality.</summary>
public sealed class TreeSetTests
{
    [Theory]
    [InlineData("tree_shap")]
    [InlineData("tree_shap_interventional")]
    [InlineData("auto")]
    public async Task Sets_and_equalities_are_explained_exactly(string method)
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("sets", 1, Sets());
        registry.SetEndpoint("sets", 1);
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var (_, predicted) = await server.InferAsync("sets", """{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[3,5,2,4]}]}""");
        var (status, answer) = await server.ExplainAsync("sets", $$$"""
            {"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[3,5,2,4]}],"parameters":{"method":"{{{method}}}","background":[{"x":[1,5]},{"x":[2,4]},{"x":[3,4]},{"x":[4,4]}]}}
            """);
        Assert.True(status == 200, answer.ToString());
        Assert.True(answer.GetProperty("exact").GetBoolean());
        Assert.StartsWith("tree_shap", answer.GetProperty("method").GetString(), StringComparison.Ordinal);

        // x[0] in {1, 3} gives 2, else -1; x[1] = 5 gives 0.5, else 0; of the background two of four and one of four.
        Assert.Equal(1.5, answer.Contributions()["x[0]"], 1e-6);
        Assert.Equal(0.375, answer.Contributions()["x[1]"], 1e-6);
        Assert.Equal(0.625, answer.Number("base_value"), 1e-6);
        Assert.Equal(-1.5, answer.Contributions(1)["x[0]"], 1e-6);
        Assert.Equal(-0.125, answer.Contributions(1)["x[1]"], 1e-6);
        for (var row = 0; row < 2; row++)
        {
            Assert.Equal(predicted.GetProperty("outputs")[0].GetProperty("data")[row].GetDouble(), answer.Number("value", row), 1e-5);
            Assert.InRange(Math.Abs(answer.Number("residual", row)), 0, 1e-6);
        }
    }

    private static ModelFolder Sets()
    {
        var graph = new GraphBuilder("sets");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 2));
        graph.Output("prediction", graph.Squeeze(graph.TreeEnsembleRegressor(x, new TreeEnsemble { Outputs = 1, Trees = [DecisionTree.Constant(new LeafWeight(0, 1))] }), 1));
        var model = graph.Build(new OnnxModelInfo());
        model.Proto.OpsetImport.Single(o => o.Domain == "ai.onnx.ml").Version = 5;
        var node = model.Proto.Graph.Node.Single(n => n.OpType == "TreeEnsembleRegressor");
        node.OpType = "TreeEnsemble";
        node.Attribute.Clear();
        node.Attribute.Add([Int("n_targets", 1), Int("aggregate_function", 1), Int("post_transform", 0), Ints("tree_roots", 0, 1)]);
        node.Attribute.Add([Ints("nodes_featureids", 0, 1), Floats("nodes_splits", 0, 5), Floats("membership_values", 1, 3, float.NaN)]);
        node.Attribute.Add([Ints("nodes_truenodeids", 0, 2), Ints("nodes_trueleafs", 1, 1), Ints("nodes_falsenodeids", 1, 3), Ints("nodes_falseleafs", 1, 1)]);
        node.Attribute.Add([Ints("leaf_targetids", 0, 0, 0, 0), Floats("leaf_weights", 2, -1, 0.5f, 0)]);
        node.Attribute.Add(Tensor("nodes_modes", new TensorProto { DataType = (int)TensorProto.Types.DataType.Uint8, Dims = { 2 }, RawData = ByteString.CopyFrom(6, 4) }));
        return ModelFolder.Of(model, ModelFolder.Signature(ModelTask.Regression, [ModelFolder.Spec("x", "FP32", -1, 2)], [ModelFolder.Spec("prediction", "FP32", -1)]));
    }

    private static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    private static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

    private static AttributeProto Floats(string name, params float[] values) =>
        Tensor(name, new TensorProto { DataType = (int)TensorProto.Types.DataType.Float, Dims = { values.Length }, FloatData = { values } });

    private static AttributeProto Tensor(string name, TensorProto tensor) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Tensor, T = tensor };
}
