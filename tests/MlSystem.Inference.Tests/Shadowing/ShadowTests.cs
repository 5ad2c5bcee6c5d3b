using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Tests.Policies;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Shadowing;

public sealed class ShadowTests
{
    [Fact]
    public async Task A_shadow_answers_a_copy_of_every_request_and_is_compared()
    {
        await using var registry = await Traffic.RegistryAsync("linear", [Traffic.Variant("champion", 1), Traffic.Variant("next", 2, role: VariantRole.Shadow)]);
        await using var server = await InferenceServer.StartAsync(registry.Url);
        using var differences = new RecordedMetrics(server, "mlsystem_shadow_absolute_difference", ("model", "linear"), ("variant", "next"));
        var live = new List<string>();
        for (var i = 0; i < 10; i++)
        {
            var (status, body) = await server.InferAsync("linear", Requests.LinearBody(i));
            Assert.Equal((200, (float)i), (status, body.Prediction()));
            Assert.Equal("champion", body.GetProperty("parameters").GetProperty("variant").GetString());
            live.Add(body.RequestId());
        }

        Assert.Equal("champion", await server.GrpcAsync(Traffic.LinearRequest("linear")));
        await Requests.EventuallyAsync(async () => (await ShadowAsync(server)).GetProperty("mirrored").GetInt64() == 11);
        var shadow = await ShadowAsync(server);
        Assert.Equal((11, 0, 0, 1000.0), (shadow.GetProperty("compared_rows").GetInt64(), shadow.GetProperty("dropped").GetInt64(), shadow.GetProperty("failed").GetInt64(), shadow.GetProperty("mean_absolute_difference").GetDouble()));
        Assert.False(shadow.TryGetProperty("label_disagreement", out _));
        await server.MetricIsAsync(11, "mlsystem_shadow_requests", ("model", "linear"), ("variant", "next"));
        Assert.Equal(11_000, differences.Sum);
        await server.MetricIsAsync(11, "nv_inference_request_success", ("variant", "next"));

        var logged = await LoggedPredictions.ReadAsync(server, 22);
        var byRole = logged.ToLookup(prediction => prediction.Batch.Role, StringComparer.Ordinal);
        var answers = byRole[VariantRole.Live].ToDictionary(prediction => prediction.RequestId, StringComparer.Ordinal);
        Assert.Equal((11, 11), (answers.Count, byRole[VariantRole.Shadow].Count()));
        Assert.Superset(live.ToHashSet(StringComparer.Ordinal), answers.Keys.ToHashSet(StringComparer.Ordinal));
        Assert.All(byRole[VariantRole.Shadow], prediction =>
        {
            Assert.Equal(("next", 2, "linear"), (prediction.Batch.Variant, prediction.Batch.Version, prediction.Batch.Endpoint));
            Assert.DoesNotContain(prediction.RequestId, answers.Keys);
            Assert.Equal(answers[prediction.PairedRequestId!].Input("x"), prediction.Input("x"));
        });
    }

    [Fact]
    public async Task The_weight_is_the_share_of_the_requests_and_a_version_that_is_asked_for_is_not_mirrored()
    {
        await using var registry = await Traffic.RegistryAsync(
            "linear", [Traffic.Variant("champion", 1), Traffic.Variant("some", 2, 0.25, VariantRole.Shadow), Traffic.Variant("none", 3, 0, VariantRole.Shadow)]);
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Routing:Seed"] = "3" });
        for (var i = 0; i < 400; i++)
        {
            Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(1))).Status);
        }

        Assert.Equal(200, (await server.InferAsync("linear/versions/3", Requests.LinearBody(1))).Status);
        await Requests.EventuallyAsync(async () => RecordedMetrics.Now(server, "nv_inference_pending_request_count") == 0 && (await ShadowAsync(server, "some")).GetProperty("mirrored").GetInt64() > 60);
        Assert.InRange((await ShadowAsync(server, "some")).GetProperty("mirrored").GetInt64(), 61, 140);
        Assert.Equal(0, (await ShadowAsync(server, "none")).GetProperty("mirrored").GetInt64());
    }

    [Fact]
    public async Task Labels_that_differ_are_counted()
    {
        await using var registry = await Traffic.RegistryAsync("labels", [Traffic.Variant("champion", 1, model: "labels"), Traffic.Variant("next", 2, role: VariantRole.Shadow, model: "labels")]);
        registry.AddVersion("labels", 1, Labels("a"));
        registry.AddVersion("labels", 2, Labels("b"));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        await Requests.EventuallyAsync(async () => (await server.PolicyAsync("labels")).GetProperty("variants").EnumerateArray().All(variant => variant.GetProperty("served").GetBoolean()));
        Assert.Equal(200, (await server.InferAsync("labels", """{"inputs":[{"name":"a","shape":[4],"datatype":"BYTES","data":["x","y","x","y"]},{"name":"b","shape":[4],"datatype":"BYTES","data":["x","x","x","y"]}]}""")).Status);
        await Requests.EventuallyAsync(async () => (await ShadowAsync(server, endpoint: "labels")).GetProperty("compared_rows").GetInt64() == 4);
        Assert.Equal(0.25, (await ShadowAsync(server, endpoint: "labels")).GetProperty("label_disagreement").GetDouble());
        await server.MetricIsAsync(1, "mlsystem_shadow_label_disagreements", ("variant", "next"));
    }

    /// <summary>A shadow that refuses every copy, one whose version can't be loaded, and one that has no room.</summary>
    [Fact]
    public async Task A_shadow_that_fails_hurts_no_live_request()
    {
        await using var registry = await Traffic.RegistryAsync(
            "linear", [Traffic.Variant("champion", 1), Traffic.Variant("other", 1, role: VariantRole.Shadow, model: "columns"), Traffic.Variant("absent", 9, role: VariantRole.Shadow)]);
        await using var server = await InferenceServer.StartAsync(registry.Url);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(i, (await server.InferAsync("linear", Requests.LinearBody(i))).Body.Prediction());
        }

        await Requests.EventuallyAsync(async () => (await ShadowAsync(server, "other")).GetProperty("failed").GetInt64() == 20);
        Assert.False((await server.PolicyAsync("linear")).Variant("absent").GetProperty("served").GetBoolean());
        await server.MetricIsAsync(20, "nv_inference_request_success", ("model", "linear"), ("variant", "champion"));
        await server.MetricIsAsync(20, "nv_inference_request_failure", ("variant", "other"));
        await server.MetricIsAsync(0, "nv_inference_pending_request_count");
    }

    [Fact]
    public async Task What_does_not_fit_the_queue_is_dropped_and_counted_and_every_live_answer_comes()
    {
        await using var registry = await Traffic.RegistryAsync("linear", [Traffic.Variant("champion", 1), Traffic.Variant("next", 2, role: VariantRole.Shadow)]);
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Inference:Shadowing:MaxQueue"] = "1", ["Inference:Shadowing:YieldMs"] = "200",
        });
        await Parallel.ForEachAsync(Enumerable.Range(0, 600), new ParallelOptions { MaxDegreeOfParallelism = 24 }, async (i, _) =>
            Assert.Equal(i, (await server.InferAsync("linear", Requests.LinearBody(i))).Body.Prediction()));
        await Requests.EventuallyAsync(async () =>
        {
            var shadow = await ShadowAsync(server);
            return shadow.GetProperty("mirrored").GetInt64() + shadow.GetProperty("dropped").GetInt64() == 600;
        });
        Assert.True((await ShadowAsync(server)).GetProperty("dropped").GetInt64() > 0);
        var mirrored = (int)(await ShadowAsync(server)).GetProperty("mirrored").GetInt64();
        Assert.Equal(600, (await LoggedPredictions.ReadAsync(server, 600 + mirrored)).Count(prediction => prediction.Batch.Role == VariantRole.Live));
    }

    private static async Task<System.Text.Json.JsonElement> ShadowAsync(InferenceServer server, string variant = "next", string endpoint = "linear") =>
        (await server.PolicyAsync(endpoint)).Variant(variant).GetProperty("shadow");

    /// <summary>Inputs a and b BYTES; the label is the one named.</summary>
    private static ModelFolder Labels(string input)
    {
        var graph = new GraphBuilder("labels");
        var inputs = ((string[])["a", "b"]).ToDictionary(name => name, name => graph.Input(name, new TensorType(ElementType.String, Dimension.Batch)), StringComparer.Ordinal);
        graph.Output("label", graph.Identity(inputs[input]));
        graph.Output("other", graph.Identity(inputs[input == "a" ? "b" : "a"]));
        return ModelFolder.Of(graph, ModelFolder.Signature(
            ModelTask.Custom,
            [ModelFolder.Spec("a", "BYTES", -1), ModelFolder.Spec("b", "BYTES", -1)],
            [ModelFolder.Spec("label", "BYTES", -1), ModelFolder.Spec("other", "BYTES", -1)]));
    }
}
