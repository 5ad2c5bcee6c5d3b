using System.Text;
using Google.Protobuf;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Versions;

public sealed class ExecutionTests
{
    [Fact]
    public async Task A_versions_own_settings_come_before_the_servers()
    {
        var folder = ModelFolder.Linear();
        folder.Files[ModelFiles.Execution] = """{"intra_op_threads":2,"inter_op_threads":2,"graph_optimization":"basic","instances":3,"warm_up_batch_sizes":[1,32]}"""u8.ToArray();
        await using var registry = await RegistryAsync(folder);
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Inference:Runtime:Instances"] = "5",
            ["Inference:Runtime:MemoryArena"] = "false",
        });
        Assert.Equal(
            [("graph_optimization", "basic"), ("instances", "3"), ("inter_op_threads", "2"), ("intra_op_threads", "2"), ("memory_arena", "false")],
            await PropertiesAsync(server));
        Assert.Equal(7, (await server.InferAsync("linear", Requests.LinearBody(7))).Body.Prediction());
    }

    [Theory]
    [InlineData("none")]
    [InlineData("extended")]
    [InlineData("all")]
    public async Task Every_level_of_graph_optimization_serves(string level)
    {
        await using var registry = await RegistryAsync(ModelFolder.Linear());
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Runtime:GraphOptimization"] = level });
        Assert.Contains(("graph_optimization", level), await PropertiesAsync(server));
        Assert.Equal(7, (await server.InferAsync("linear", Requests.LinearBody(7))).Body.Prediction());
    }

    [Fact]
    public async Task A_model_that_fails_on_a_warm_up_batch_is_not_served()
    {
        var folder = ModelFolder.Of(OnlyOneRow(), ModelFolder.Signature(ModelTask.Custom, [ModelFolder.Spec("x", "FP32", -1, 1)], [ModelFolder.Spec("y", "FP32", -1, 1)]));
        folder.Files[ModelFiles.Execution] = Encoding.UTF8.GetBytes("""{"warm_up_batch_sizes":[3]}""");
        await using var registry = await RegistryAsync(folder);
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var (status, body) = await server.InferAsync("linear", Requests.LinearBody(1));
        Assert.Equal(503, status);
        Assert.Contains("warm-up on 3 row(s)", body.Error(), StringComparison.Ordinal);
    }

    /// <summary>Declares any number of rows, but inside it squeezes the first dimension away, which only one row survives.</summary>
    private static OnnxModel OnlyOneRow()
    {
        var graph = new GraphBuilder("one");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 1));
        graph.Output("y", graph.Add(x, graph.Reshape(x, -1, 1)));
        var model = graph.Build(new OnnxModelInfo());
        var reshape = model.Proto.Graph.Node.Single(node => node.OpType == "Reshape");
        reshape.OpType = "Squeeze";
        var axes = model.Proto.Graph.Initializer.Single(constant => constant.Name == reshape.Input[1]);
        axes.Dims[0] = 1;
        axes.RawData = ByteString.CopyFrom(BitConverter.GetBytes(0L));
        return model;
    }

    private static async Task<RegistryDouble> RegistryAsync(ModelFolder folder)
    {
        var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, folder);
        registry.SetEndpoint("linear", 1);
        await registry.StartAsync();
        return registry;
    }

    private static async Task<IEnumerable<(string Name, string Value)>> PropertiesAsync(InferenceServer server)
    {
        using var json = System.Text.Json.JsonDocument.Parse(await server.Http.GetStringAsync("/v2/models/linear"));
        return [.. json.RootElement.GetProperty("properties").EnumerateObject().Select(property => (property.Name, property.Value.GetString()!))];
    }
}
