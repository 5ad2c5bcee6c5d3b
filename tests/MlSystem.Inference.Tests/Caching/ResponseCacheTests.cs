using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Caching;

public sealed class ResponseCacheTests
{
    [Fact]
    public async Task An_equal_request_gets_the_kept_answer_under_an_id_of_its_own()
    {
        await using var registry = await RegistryAsync(new EndpointCache { Enabled = true });
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var first = await AskAsync(server, 3);
        var second = await AskAsync(server, 3);
        var other = await AskAsync(server, 4);
        Assert.Equal((3f, 3f, 4f), (first.Prediction(), second.Prediction(), other.Prediction()));
        Assert.Equal((false, true, false), (IsHit(first), IsHit(second), IsHit(other)));
        Assert.NotEqual(first.RequestId(), second.RequestId());
        using var stats = JsonDocument.Parse(await server.Http.GetStringAsync("/v2/models/linear/stats"));
        var model = stats.RootElement.GetProperty("model_stats")[0];
        Assert.Equal((1, 2, 2), (Count(model, "cache_hit"), Count(model, "cache_miss"), model.GetProperty("execution_count").GetInt32()));
        var metrics = await server.Http.GetStringAsync("/metrics");
        Assert.Matches("""nv_cache_num_hits_per_model\S*\{[^}]*model="linear"[^}]*\} 1""", metrics);
        Assert.Matches("""nv_cache_num_misses_per_model\S*\{[^}]*model="linear"[^}]*\} 2""", metrics);

        var grpc = await server.Grpc.ModelInferAsync(new ModelInferRequest
        {
            ModelName = "linear",
            Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "x", Datatype = "FP32", Shape = { 1, 3 }, Contents = new InferTensorContents { Fp32Contents = { 3, 0, 0 } } } },
        });
        Assert.Equal(("hit", 3f), (grpc.Parameters["cache"].StringParam, grpc.Outputs[0].Contents.Fp32Contents[0]));

        var raw = await server.Grpc.ModelInferAsync(new ModelInferRequest
        {
            ModelName = "linear",
            Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "x", Datatype = "FP32", Shape = { 1, 3 } } },
            RawInputContents = { Google.Protobuf.ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([3, 0, 0])) },
        });
        Assert.Equal(("hit", 3f), (raw.Parameters["cache"].StringParam, BitConverter.ToSingle(raw.RawOutputContents[0].Span)));
    }

    [Fact]
    public async Task It_is_off_by_default_and_never_answers_for_another_version()
    {
        await using var registry = await RegistryAsync(new EndpointCache());
        await using var server = await InferenceServer.StartAsync(registry.Url);
        _ = await AskAsync(server, 3);
        Assert.False(IsHit(await AskAsync(server, 3)));
        registry.SetEndpoint("linear", 1, endpoint => endpoint with { Cache = new EndpointCache { Enabled = true } });
        await Requests.EventuallyAsync(async () => IsHit(await AskAsync(server, 3)));
        registry.SetEndpoint("linear", 2, endpoint => endpoint with { Cache = new EndpointCache { Enabled = true } });
        await Requests.EventuallyAsync(async () => (await AskAsync(server, 3)).Prediction() == 1003);
        registry.SetEndpoint("linear", 1, endpoint => endpoint with { Cache = new EndpointCache { Enabled = true } });
        await Requests.EventuallyAsync(async () => (await AskAsync(server, 3)).Prediction() == 3);
    }

    [Fact]
    public async Task Every_datatype_comes_back_unchanged_and_the_next_run_on_the_same_tensors_is_right()
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("echo", 1, ModelFolder.Echo(except: "FP16"));
        registry.SetEndpoint("echo", 1, endpoint => endpoint with { Cache = new EndpointCache { Enabled = true } });
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var values = Echo.Values.Where(pair => pair.Key != "FP16").ToDictionary(StringComparer.Ordinal);
        for (var i = 0; i < 6; i++)
        {
            var (status, body) = await server.InferAsync("echo", Echo.Json(values));
            Assert.True(status == 200, body.ToString());
            Assert.Equal(i > 0, IsHit(body));
            Assert.All(body.GetProperty("outputs").EnumerateArray(), output => Assert.Equal(values[output.GetProperty("datatype").GetString()!], output.GetProperty("data").GetRawText()));
            var (_, other) = await server.InferAsync("echo", Echo.Json(values).Replace("\"a b\"", $"\"{i}\"", StringComparison.Ordinal));
            Assert.False(IsHit(other));
            Assert.Equal($"[\"\",\"{i}\"]", other.GetProperty("outputs").EnumerateArray().Single(output => output.GetProperty("datatype").GetString() == "BYTES").GetProperty("data").GetRawText());
        }
    }

    [Fact]
    public async Task It_keeps_no_more_bytes_than_it_may()
    {
        await using var registry = await RegistryAsync(new EndpointCache { Enabled = true, MaxBytes = 4000 });
        await using var server = await InferenceServer.StartAsync(registry.Url);
        for (var x = 0; x < 50; x++)
        {
            Assert.Equal(x, (await AskAsync(server, x)).Prediction());
        }

        Assert.InRange(server.Services.GetRequiredService<ServingState>().Table.Endpoints["linear"].Cache!.Bytes, 1000, 4000);
        Assert.True(IsHit(await AskAsync(server, 49)));
        Assert.False(IsHit(await AskAsync(server, 0)));
    }

    [Fact]
    public async Task Equal_requests_at_the_same_time_run_once()
    {
        await using var registry = await RegistryAsync(new EndpointCache { Enabled = true });
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var gate = server.Services.GetRequiredService<ServingState>().Table.Endpoints["linear"].Gate;
        var places = TakeAll(gate);
        var asked = Enumerable.Range(0, 16).Select(_ => AskAsync(server, 5)).ToList();
        await Requests.EventuallyAsync(() => Task.FromResult(gate.Waiting == 1 && !asked.Exists(task => task.IsCompleted)));
        GiveBack(gate, places);
        var answers = await Task.WhenAll(asked);
        Assert.All(answers, answer => Assert.Equal(5, answer.Prediction()));
        Assert.Equal(15, answers.Count(IsHit));
        Assert.Equal(16, answers.Select(answer => answer.RequestId()).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task One_who_gives_up_does_not_take_the_others_with_it()
    {
        await using var registry = await RegistryAsync(new EndpointCache { Enabled = true });
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var gate = server.Services.GetRequiredService<ServingState>().Table.Endpoints["linear"].Gate;
        var places = TakeAll(gate);
        using var leaves = new CancellationTokenSource();
        var leader = server.Http.PostAsync("/v2/models/linear/infer", Requests.Json(Requests.LinearBody(5)), leaves.Token);
        await Requests.EventuallyAsync(() => Task.FromResult(gate.Waiting == 1));
        var others = Enumerable.Range(0, 4).Select(_ => AskAsync(server, 5)).ToList();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leader);
        GiveBack(gate, places);
        Assert.All(await Task.WhenAll(others), answer => Assert.Equal(5, answer.Prediction()));
    }

    /// <summary>Every place to run, so that a request has to wait.</summary>
    private static int TakeAll(EndpointGate gate)
    {
        var places = 0;
        while (gate.TryRun())
        {
            places++;
        }

        return places;
    }

    private static void GiveBack(EndpointGate gate, int places)
    {
        for (var i = 0; i < places; i++)
        {
            gate.EndRun();
        }
    }

    private static int Count(JsonElement model, string name) => model.GetProperty("inference_stats").GetProperty(name).GetProperty("count").GetInt32();

    private static bool IsHit(JsonElement body) => body.GetProperty("parameters").TryGetProperty("cache", out var cache) && cache.GetString() == "hit";

    private static async Task<JsonElement> AskAsync(InferenceServer server, int x)
    {
        var (status, body) = await server.InferAsync("linear", Requests.LinearBody(x));
        Assert.True(status == 200, body.ToString());
        return body;
    }

    private static async Task<RegistryDouble> RegistryAsync(EndpointCache cache)
    {
        var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.AddVersion("linear", 2, ModelFolder.Linear(bias: 1000));
        registry.SetEndpoint("linear", 1, endpoint => endpoint with { Cache = cache });
        await registry.StartAsync();
        return registry;
    }
}
