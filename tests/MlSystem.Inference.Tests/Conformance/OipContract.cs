using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>
/// What the public Open Inference Protocol v2 and its extensions promise, asked through every form in which a client may talk:
/// JSON, JSON with binary tensors, gRPC with typed contents, with raw contents, and as a stream.
/// </summary>
public abstract partial class OipContract(SharedServer shared)
{
    protected abstract OipClient Client { get; }

    protected InferenceServer Server => shared.Server;

    [Fact]
    public async Task The_server_is_live_and_ready()
    {
        Assert.True(await Client.IsLiveAsync());
        Assert.True(await Client.IsReadyAsync());
    }

    [Fact]
    public async Task The_server_names_itself_and_its_extensions()
    {
        var server = await Client.ServerAsync();

        Assert.NotEmpty(server.Name);
        Assert.NotEmpty(server.Version);
        Assert.Superset(new HashSet<string>(["binary_tensor_data", "model_repository", "statistics"], StringComparer.Ordinal), server.Extensions.ToHashSet(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("1", true)]
    [InlineData("77", false)]
    public async Task A_model_is_ready_by_name_and_version(string? version, bool ready) => Assert.Equal(ready, await Client.IsModelReadyAsync("linear", version));

    [Fact]
    public async Task Readiness_of_an_unknown_model_is_refused() =>
        Assert.Equal(OipFault.NotFound, (await Assert.ThrowsAsync<OipRefusedException>(() => Client.IsModelReadyAsync("nothing", null))).Fault);

    [Theory]
    [InlineData(null)]
    [InlineData("1")]
    public async Task Metadata_tells_names_datatypes_and_shapes(string? version)
    {
        var model = await Client.ModelAsync("linear", version);

        Assert.Equal("linear", model.Name);
        Assert.Contains("1", model.Versions);
        Assert.Equal("onnxruntime_onnx", model.Platform);
        Assert.Equal([("x", "FP32", "-1,3")], model.Inputs);
        Assert.Equal([("prediction", "FP32", "-1")], model.Outputs);
    }

    [Theory]
    [InlineData("nothing", null)]
    [InlineData("linear", "77")]
    [InlineData("linear", "first")]
    public async Task Metadata_of_what_is_not_there_is_refused(string model, string? version) =>
        Assert.Equal(OipFault.NotFound, (await Assert.ThrowsAsync<OipRefusedException>(() => Client.ModelAsync(model, version))).Fault);

    [Fact]
    public async Task The_index_lists_models_with_their_state()
    {
        Assert.Contains(("linear", "1", "READY"), await Client.IndexAsync(readyOnly: false));
        Assert.All(await Client.IndexAsync(readyOnly: true), entry => Assert.Equal("READY", entry.State));
    }

    [Fact]
    public async Task Load_and_unload_are_true_when_they_answer()
    {
        await Client.UnloadAsync("spare");
        Assert.False(await Client.IsModelReadyAsync("spare", null));
        Assert.Equal(OipFault.Unavailable, (await Assert.ThrowsAsync<OipRefusedException>(() => Client.InferAsync(Linear(1) with { Model = "spare" }))).Fault);

        await Client.LoadAsync("spare");
        Assert.True(await Client.IsModelReadyAsync("spare", null));
        Assert.Equal(1f, await PredictionAsync(Linear(1) with { Model = "spare" }));
    }

    [Fact]
    public async Task Load_and_unload_of_an_unknown_model_are_refused()
    {
        Assert.Equal(OipFault.NotFound, (await Assert.ThrowsAsync<OipRefusedException>(() => Client.LoadAsync("nothing"))).Fault);
        Assert.Equal(OipFault.NotFound, (await Assert.ThrowsAsync<OipRefusedException>(() => Client.UnloadAsync("nothing"))).Fault);
    }

    [Fact]
    public async Task Statistics_count_rows_runs_and_requests()
    {
        await Client.InferAsync(Linear(1));
        var before = await Client.StatisticsAsync("linear", "1");

        await Client.InferAsync(new OipRequest("linear", OipTensor.Of("x", "FP32", [2, 3], 1f, 0, 0, 2, 0, 0)));

        var after = await Client.StatisticsAsync("linear", "1");
        Assert.Equal((before.Inferences + 2, before.Executions + 1, before.Successes + 1), after);
    }

    [Fact]
    public async Task Statistics_of_an_unknown_model_are_refused() =>
        Assert.Equal(OipFault.NotFound, (await Assert.ThrowsAsync<OipRefusedException>(() => Client.StatisticsAsync("nothing", null))).Fault);

    /// <summary>A request whose answer is <paramref name="x"/>.</summary>
    protected static OipRequest Linear(float x) => new("linear", OipTensor.Of("x", "FP32", [1, 3], x, 0f, 0f));

    private async Task<float> PredictionAsync(OipRequest request) => (await Client.InferAsync(request)).Outputs[0].Values<float>().Single();
}
