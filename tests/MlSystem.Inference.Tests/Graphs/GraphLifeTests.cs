using Microsoft.Extensions.DependencyInjection;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Tests.Graphs;

public sealed class GraphLifeTests
{
    private const string Mean = """{"root":{"router_type":"Ensemble","combine":"mean","steps":[{"model":"scale","version":1},{"model":"scale","version":2}]}}""";

    [Fact]
    public async Task Members_are_resident_with_their_graph_and_leave_with_it()
    {
        await using var registry = await RegistryAsync(Mean);
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var residents = server.Services.GetRequiredService<ResidentVersions>();
        Assert.Equal(["graph/1", "scale/1", "scale/2"], Keys(residents));

        // Another endpoint's change must not push members out.
        registry.SetEndpoint("scale", 1);
        await Requests.EventuallyAsync(async () => (await server.Http.GetAsync("/v2/models/scale/ready")).IsSuccessStatusCode);
        Assert.Equal(["graph/1", "scale/1", "scale/2"], Keys(residents));
        var freed = residents.Ready.Where(version => version.Key.ToString() != "scale/1").Select(version => version.Freed).ToList();

        using var unloaded = await server.Http.PostAsync("/v2/repository/models/graph/unload", null);

        Assert.True(unloaded.IsSuccessStatusCode);
        Assert.Equal(["scale/1"], Keys(residents));
        Assert.All(freed, task => Assert.True(task.IsCompletedSuccessfully));
        Assert.Equal(200, (await server.InferAsync("scale", GraphModels.Body(1))).Status);
    }

    [Theory]
    [InlineData("""{"root":{"router_type":"Sequence","steps":[{"model":"graph","version":1}]}}""", "the versions form a cycle: graph/1 → graph/1")]
    [InlineData("""{"root":{"router_type":"Sequence","steps":[{"model":"other","version":1}]}}""", "the versions form a cycle: graph/1 → other/1 → graph/1")]
    [InlineData("""{"root":{"router_type":"Sequence","steps":[{"model":"scale","version":9}]}}""", "its member scale/9 can't be served")]
    [InlineData("""{"root":{"router_type":"Sequence","steps":[{"model":"scale","version":1,"inputs":{"x":"$response.y"}}]}}""", "step 'scale-1': input 'x' of scale/1 gets nothing")]
    [InlineData("""{"root":{"router_type":"Sequence","steps":[{"model":"scale","version":1,"retries":3}]}}""", "retries")]
    public async Task What_can_not_be_served_says_why(string graph, string reason)
    {
        await using var registry = await RegistryAsync(graph);
        registry.AddVersion("other", 1, GraphModels.Graph("""{"root":{"router_type":"Sequence","steps":[{"model":"graph","version":1}]}}"""));
        await using var server = await InferenceServer.StartAsync(registry.Url);

        var (status, body) = await server.InferAsync("graph", GraphModels.Body(1));

        Assert.Equal(503, status);
        Assert.Contains(reason, body.Error(), StringComparison.Ordinal);
        Assert.Empty(server.Services.GetRequiredService<ResidentVersions>().Ready);
    }

    [Fact]
    public async Task Swapping_graphs_under_load_fails_no_request()
    {
        await using var registry = await RegistryAsync(Mean);
        registry.AddVersion("graph", 2, GraphModels.Graph(Mean.Replace("\"version\":1", "\"version\":4", StringComparison.Ordinal)));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                var (status, body) = await server.InferAsync("graph", GraphModels.Body(2));
                Assert.True(status == 200, body.ToString());
                Assert.Contains(body.Prediction(), (float[])[3, 6]);
            }
        }).ToList();
        for (var swap = 0; swap < 6; swap++)
        {
            var version = swap % 2 == 0 ? 2 : 1;
            registry.SetEndpoint("graph", version);
            await Requests.EventuallyAsync(async () => (await server.InferAsync("graph", GraphModels.Body(2))).Body.Prediction() == (version == 2 ? 6 : 3));
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
    }

    private static List<string> Keys(ResidentVersions residents) => [.. residents.Ready.Select(version => version.Key.ToString()).Order(StringComparer.Ordinal)];

    private static async Task<RegistryDouble> RegistryAsync(string graph)
    {
        var registry = new RegistryDouble();
        foreach (var version in (int[])[1, 2, 4])
        {
            registry.AddVersion("scale", version, GraphModels.Scale(version));
        }

        registry.AddVersion("graph", 1, GraphModels.Graph(graph));
        registry.SetEndpoint("graph", 1);
        await registry.StartAsync();
        return registry;
    }
}
