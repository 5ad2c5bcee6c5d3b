using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Routing;

public sealed class ServingTests
{
    [Fact]
    public async Task Swapping_versions_under_load_fails_no_request_and_converges()
    {
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 8).Select(async client =>
        {
            var answered = 0;
            while (!stop.IsCancellationRequested)
            {
                var x = (client * 100) + (answered % 100);
                var (status, body) = await server.InferAsync("linear", Requests.LinearBody(x));
                Assert.True(status == 200, body.ToString());
                Assert.Contains(body.Prediction(), (float[])[x, x + 1000]);
                answered++;
            }

            return answered;
        }).ToList();
        for (var swap = 0; swap < 10; swap++)
        {
            var version = (swap % 2) + 1;
            registry.SetEndpoint("linear", version);
            await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(0))).Body.Prediction() == (version == 2 ? 1000 : 0));
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(clients), answered => Assert.True(answered > 0));
    }

    /// <summary>Ten thousand requests with random rows from many callers: each gets its own rows back, in order.</summary>
    [Fact]
    public async Task Callers_get_their_own_rows()
    {
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        await Parallel.ForEachAsync(Enumerable.Range(0, 32), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (client, _) =>
        {
            var random = new Random(client);
            for (var i = 0; i < 10_000 / 32; i++)
            {
                var rows = random.Next(1, 6);
                var x = Enumerable.Range(0, rows).Select(_ => random.Next(1_000_000)).ToArray();
                var (status, body) = await server.InferAsync("linear", $$"""{"id":"{{client}}-{{i}}","inputs":[{"name":"x","shape":[{{rows}},3],"datatype":"FP32","data":[{{string.Join(',', x.Select(v => $"[{v},0,0]"))}}]}]}""");
                Assert.Equal(200, status);
                Assert.Equal($"{client}-{i}", body.GetProperty("id").GetString());
                Assert.Equal(x.Select(v => (float)v), body.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(v => v.GetSingle()));
            }
        });
    }

    [Fact]
    public async Task A_registry_that_is_down_at_start_is_waited_for_and_later_does_not_matter()
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.AddVersion("linear", 2, ModelFolder.Linear(bias: 1000));
        registry.SetEndpoint("linear", 1);
        await using var server = await InferenceServer.StartAsync(registry.Url, waitUntilReady: false);
        var (status, body) = await server.InferAsync("linear", Requests.LinearBody(1));
        Assert.Equal(503, status);
        Assert.Contains("starting", body.Error(), StringComparison.Ordinal);
        using (var ready = await server.Http.GetAsync("/v2/health/ready"))
        {
            Assert.Equal(503, (int)ready.StatusCode);
        }

        await registry.StartAsync();
        await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(1))).Status == 200, seconds: 30);

        await registry.StopAsync();
        Assert.Equal(1, (await server.InferAsync("linear", Requests.LinearBody(1))).Body.Prediction());
        registry.SetEndpoint("linear", 2);
        await registry.StartAsync();
        await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(1))).Body.Prediction() == 1001, seconds: 30);
    }

    [Fact]
    public async Task A_corrupted_version_is_refused_with_its_reason_and_the_former_one_goes_on()
    {
        await using var registry = await RegistryAsync();
        registry.AddVersion("other", 1, ModelFolder.Linear(bias: 2000));
        registry.SetEndpoint("other", 1);
        registry.Corrupt("other", 1, ModelFiles.Onnx);
        registry.AddVersion("linear", 3, ModelFolder.Linear(bias: 3000));
        registry.Corrupt("linear", 3, ModelFiles.Onnx);
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var (status, body) = await server.InferAsync("other", Requests.LinearBody(1));
        Assert.Equal(503, status);
        Assert.Contains("SHA-256", body.Error(), StringComparison.Ordinal);
        Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(1))).Status);

        registry.SetEndpoint("linear", 3);
        await Requests.EventuallyAsync(async () => (await IndexAsync(server)).Contains("\"name\":\"linear\",\"version\":\"3\",\"state\":\"UNAVAILABLE\"", StringComparison.Ordinal));
        Assert.Contains("SHA-256", await IndexAsync(server), StringComparison.Ordinal);
        Assert.Equal(1, (await server.InferAsync("linear", Requests.LinearBody(1))).Body.Prediction());
    }

    [Fact]
    public async Task Weights_share_the_traffic_and_a_policy_that_is_not_served_is_told()
    {
        await using var registry = await RegistryAsync();
        EndpointVariant[] variants =
        [
            new() { Name = "a", Model = "linear", Version = 1, Weight = 3 },
            new() { Name = "b", Model = "linear", Version = 2, Weight = 1 },
            new() { Name = "s", Model = "linear", Version = 2, Role = VariantRole.Shadow },
        ];
        registry.SetEndpoint("linear", variants);
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Routing:Seed"] = "7" });
        var b = 0;
        for (var i = 0; i < 400; i++)
        {
            b += (await server.InferAsync("linear", Requests.LinearBody(0))).Body.Prediction() == 1000 ? 1 : 0;
        }

        Assert.InRange(b, 65, 135);

        registry.SetEndpoint("linear", [variants[1]], policy: new EndpointPolicy { Kind = "magic" });
        await Requests.EventuallyAsync(async () => (await IndexAsync(server)).Contains("policy 'magic'", StringComparison.Ordinal));
        Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(0))).Status);
    }

    [Fact]
    public async Task Unload_takes_an_endpoint_out_and_load_brings_it_back()
    {
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        using var unloaded = await server.Http.PostAsync("/v2/repository/models/linear/unload", null);
        Assert.Equal(200, (int)unloaded.StatusCode);
        var (status, body) = await server.InferAsync("linear", Requests.LinearBody(1));
        Assert.Equal(503, status);
        Assert.Contains("unloaded", body.Error(), StringComparison.Ordinal);
        using var loaded = await server.Http.PostAsync("/v2/repository/models/linear/load", Requests.Json("{}"));
        Assert.Equal(200, (int)loaded.StatusCode);
        Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(1))).Status);
        using var unknown = await server.Http.PostAsync("/v2/repository/models/nothing/load", null);
        Assert.Equal(404, (int)unknown.StatusCode);
    }

    [Fact]
    public async Task A_full_server_refuses_at_once_and_takes_the_next_when_there_is_room()
    {
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Admission:MaxRequests"] = "1" });
        var (body, first) = await OccupyAsync(server);
        using var refused = await server.Http.PostAsync("/v2/models/linear/infer", Requests.Json(Requests.LinearBody(1)));
        Assert.Equal(503, (int)refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        await body.Writer.WriteAsync(System.Text.Encoding.UTF8.GetBytes(Requests.LinearBody(1)[1..]));
        await body.Writer.CompleteAsync();
        using var answered = await first;
        Assert.Equal(200, (int)answered.StatusCode);
        Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(1))).Status);
    }

    /// <summary>Begins a request whose body is still being sent, until the server is full with it.</summary>
    private static async Task<(System.IO.Pipelines.Pipe Body, Task<HttpResponseMessage> Answer)> OccupyAsync(InferenceServer server)
    {
        for (var attempt = 0; attempt < 30; attempt++)
        {
            var body = new System.IO.Pipelines.Pipe();
            var answer = server.Http.PostAsync("/v2/models/linear/infer", new StreamContent(body.Reader.AsStream()));
            // Enough for the client to send what it has instead of collecting more.
            await body.Writer.WriteAsync(System.Text.Encoding.UTF8.GetBytes("{" + new string(' ', 30_000)));
            for (var question = 0; question < 50; question++)
            {
                if ((await server.InferAsync("linear", Requests.LinearBody(1))).Status == 503)
                {
                    return (body, answer);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
            }

            // A question had the only place when this request came, so it was refused; the client tells when its body has ended.
            await body.Writer.CompleteAsync();
            (await answer).Dispose();
        }

        throw new InvalidOperationException("The server was never full.");
    }

    [Fact]
    public async Task A_deadline_that_has_passed_is_504()
    {
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var (status, _) = await server.InferAsync("linear", """{"parameters":{"timeout":1},"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,1,1]}]}""");
        Assert.Equal(504, status);
    }

    private static async Task<string> IndexAsync(InferenceServer server)
    {
        using var response = await server.Http.PostAsync("/v2/repository/index", null);
        return System.Text.RegularExpressions.Regex.Unescape(await response.Content.ReadAsStringAsync());
    }

    private static async Task<RegistryDouble> RegistryAsync()
    {
        var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.AddVersion("linear", 2, ModelFolder.Linear(bias: 1000));
        registry.SetEndpoint("linear", 1);
        await registry.StartAsync();
        return registry;
    }
}
