using System.Text.Json;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Routing;

public sealed class BoundsTests
{
    [Fact]
    public async Task A_full_endpoint_refuses_with_429_and_others_go_on()
    {
        await using var registry = await RegistryAsync(versions: 1);
        registry.SetEndpoint("linear", 1, new EndpointLimits { MaxConcurrency = 1, MaxQueue = 0 });
        registry.AddVersion("other", 1, ModelFolder.Linear());
        registry.SetEndpoint("other", 1);
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var gate = server.Services.GetRequiredService<ServingState>().Table.Endpoints["linear"].Gate;
        Assert.True(gate.TryRun());
        using var refused = await server.Http.PostAsync("/v2/models/linear/infer", Requests.Json(Requests.LinearBody(1)));
        Assert.Equal(429, (int)refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        using var body = JsonDocument.Parse(await refused.Content.ReadAsStringAsync());
        Assert.Contains("'linear'", body.RootElement.Error(), StringComparison.Ordinal);
        var grpc = await Assert.ThrowsAsync<RpcException>(async () => await server.Grpc.ModelInferAsync(Grpc()));
        Assert.Equal(StatusCode.ResourceExhausted, grpc.StatusCode);
        Assert.Equal(200, (await server.InferAsync("other", Requests.LinearBody(1))).Status);
        gate.EndRun();

        Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(1))).Status);
    }

    [Fact]
    public async Task A_full_endpoint_refuses_what_it_has_not_read_and_counts_it()
    {
        await using var registry = await RegistryAsync(versions: 1);
        registry.SetEndpoint("linear", 1, new EndpointLimits { MaxConcurrency = 1, MaxQueue = 0 });
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var gate = server.Services.GetRequiredService<ServingState>().Table.Endpoints["linear"].Gate;
        Assert.True(gate.TryRun());

        // Not even JSON: it would be 400 if it had been parsed.
        Assert.Equal(429, (await server.InferAsync("linear", "{")).Status);
        using var metrics = await server.Http.GetAsync("/v2/models/linear/stats");
        using var stats = JsonDocument.Parse(await metrics.Content.ReadAsStringAsync());
        Assert.Equal(1, stats.RootElement.GetProperty("model_stats")[0].GetProperty("inference_stats").GetProperty("fail").GetProperty("count").GetInt64());
        gate.EndRun();
        Assert.Equal(400, (await server.InferAsync("linear", "{")).Status);
        Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(1))).Status);
    }

    [Fact]
    public async Task An_explanation_waits_for_its_endpoints_place_as_others_do()
    {
        await using var registry = await RegistryAsync(versions: 1);
        registry.SetEndpoint("linear", 1, new EndpointLimits { MaxConcurrency = 1, MaxQueue = 2 });
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var gate = server.Services.GetRequiredService<ServingState>().Table.Endpoints["linear"].Gate;
        Assert.True(gate.TryRun());
        Assert.Equal(504, await ExplainAsync(server, ",\"timeout\":50000"));
        Assert.Equal(0, gate.Waiting);

        var first = ExplainAsync(server);
        var second = ExplainAsync(server);
        await Requests.EventuallyAsync(() => Task.FromResult(gate.Waiting == 2));
        Assert.Equal(429, await ExplainAsync(server));
        gate.EndRun();
        Assert.Equal(200, await first);
        Assert.Equal(200, await second);
        Assert.Equal((0, 0), (gate.Running, gate.Waiting));
    }

    [Fact]
    public async Task Of_the_versions_outside_the_endpoint_the_least_recently_used_leaves_memory()
    {
        await using var registry = await RegistryAsync(versions: 4);
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Routing:MaxExtraVersions"] = "2" });
        foreach (var version in (int[])[2, 3, 2, 4])
        {
            using var response = await server.Http.PostAsync($"/v2/models/linear/versions/{version}/infer", Requests.Json(Requests.LinearBody(0)));
            using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            Assert.Equal((200, version * 1000), ((int)response.StatusCode, (int)body.RootElement.Prediction()));
        }

        // 1 is the endpoint's own and does not count.
        Assert.Equal(["1", "2", "4"], await ResidentAsync(server));
        using var again = await server.Http.PostAsync("/v2/models/linear/versions/3/infer", Requests.Json(Requests.LinearBody(0)));
        Assert.Equal(200, (int)again.StatusCode);
        Assert.Equal(["1", "3", "4"], await ResidentAsync(server));
    }

    private static async Task<int> ExplainAsync(InferenceServer server, string parameters = "")
    {
        var body = $$$"""{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}],"parameters":{"method":"lime","background":[{"x":[0,0,0]}]{{{parameters}}}}}""";
        using var response = await server.Http.PostAsync("/v2/models/linear/explain", Requests.Json(body));
        return (int)response.StatusCode;
    }

    private static async Task<IEnumerable<string>> ResidentAsync(InferenceServer server)
    {
        using var response = await server.Http.PostAsync("/v2/repository/index", Requests.Json("""{"ready":true}"""));
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return [.. body.RootElement.EnumerateArray().Select(entry => entry.GetProperty("version").GetString()!).Order(StringComparer.Ordinal)];
    }

    private static ModelInferRequest Grpc() => new()
    {
        ModelName = "linear",
        Inputs =
        {
            new ModelInferRequest.Types.InferInputTensor
            {
                Name = "x", Datatype = "FP32", Shape = { 1, 3 }, Contents = new InferTensorContents { Fp32Contents = { 1, 2, 3 } },
            },
        },
    };

    private static async Task<RegistryDouble> RegistryAsync(int versions)
    {
        var registry = new RegistryDouble();
        for (var version = 1; version <= versions; version++)
        {
            registry.AddVersion("linear", version, ModelFolder.Linear(bias: version * 1000));
        }

        registry.SetEndpoint("linear", 1);
        await registry.StartAsync();
        return registry;
    }
}
