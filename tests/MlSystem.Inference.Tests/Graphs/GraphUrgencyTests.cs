using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Tests.Policies;

namespace MlSystem.Inference.Tests.Graphs;

/// <summary>
/// Members get the priority, the deadline and the caller of the graph's request. The member has one instance and loops as often as its
/// rows say, so that one request holds it while others wait for it.
/// </summary>
public sealed class GraphUrgencyTests
{
    private const string Sequence = """{"root":{"router_type":"Sequence","steps":[{"model":"looping","version":1}]}}""";

    /// <summary>In a graph of a graph as in a graph.</summary>
    [Theory]
    [InlineData("graph")]
    [InlineData("outer")]
    public async Task The_urgent_request_is_the_members_next(string endpoint)
    {
        await using var bed = await Bed.StartAsync();
        var busy = bed.AskAsync(endpoint, rounds: 1e6f);
        await bed.RunningAsync(endpoint, 1);
        var later = bed.AskAsync(endpoint, rounds: 3e5f, priority: 3, rows: 100);
        await bed.RunningAsync(endpoint, 2);
        var urgent = bed.AskAsync(endpoint, rounds: 1, priority: 1, rows: 100);
        Assert.Equal(200, await urgent);
        Assert.False(later.IsCompleted, "the request that came earlier with less priority was run first");
        Assert.Equal(200, await busy);
        Assert.Equal(200, await later);
    }

    [Fact]
    public async Task A_request_whose_time_is_over_leaves_the_members_queue()
    {
        await using var bed = await Bed.StartAsync();
        var busy = bed.AskAsync("graph", rounds: 1e6f);
        await bed.RunningAsync("graph", 1);
        Assert.Equal(504, await bed.AskAsync("graph", rounds: 1, timeoutMicroseconds: 50_000));
        Assert.False(busy.IsCompleted, "the run that was to be waited for is over: the test shows nothing");
        Assert.Equal(200, await busy);
        Assert.Equal((1.0, 1.0), (bed.Succeeded.Sum, bed.Cancelled.Sum));
    }

    [Fact]
    public async Task A_caller_that_goes_away_leaves_the_members_queue()
    {
        await using var bed = await Bed.StartAsync();
        var busy = bed.AskAsync("graph", rounds: 1e6f);
        await bed.RunningAsync("graph", 1);
        using var leaving = new CancellationTokenSource();
        var left = bed.AskAsync("graph", rounds: 1, cancellationToken: leaving.Token);
        await bed.RunningAsync("graph", 2);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        await bed.RunningAsync("graph", 1);
        Assert.False(busy.IsCompleted, "the run that was to be waited for is over: the test shows nothing");
        Assert.Equal(200, await busy);
        Assert.Equal((1.0, 1.0), (bed.Succeeded.Sum, bed.Cancelled.Sum));
    }

    private sealed class Bed(RegistryDouble registry, InferenceServer server) : IAsyncDisposable
    {
        public RecordedMetrics Succeeded { get; } = new(server, "mlsystem_graph_member_runs", ("outcome", "succeeded"));

        public RecordedMetrics Cancelled { get; } = new(server, "mlsystem_graph_member_runs", ("outcome", "cancelled"));

        public static async Task<Bed> StartAsync()
        {
            var registry = new RegistryDouble();
            var looping = FaultyModels.Looping(bias: 0);
            looping.Files[ModelFiles.Execution] = """{"instances":1}"""u8.ToArray();
            registry.AddVersion("looping", 1, looping);
            registry.AddVersion("graph", 1, GraphModels.Graph(Sequence));
            registry.AddVersion("outer", 1, GraphModels.Graph(Sequence.Replace("looping", "graph", StringComparison.Ordinal)));
            foreach (var name in (string[])["graph", "outer"])
            {
                registry.SetEndpoint(name, 1, endpoint => endpoint with { Batching = new EndpointBatching { PriorityLevels = 3 } });
            }

            await registry.StartAsync();
            return new Bed(registry, await InferenceServer.StartAsync(registry.Url));
        }

        public async Task<int> AskAsync(string endpoint, float rounds, int priority = 0, int rows = 1, long timeoutMicroseconds = 0, CancellationToken cancellationToken = default)
        {
            var data = string.Join(',', Enumerable.Range(0, rows).Select(row => row == 0 ? rounds.ToString("R", CultureInfo.InvariantCulture) + ",0,0" : "0,0,0"));
            var body = $$$"""{"parameters":{"priority":{{{priority}}},"timeout":{{{timeoutMicroseconds}}}},"inputs":[{"name":"x","shape":[{{{rows}}},3],"datatype":"FP32","data":[{{{data}}}]}]}""";
            using var response = await server.Http.PostAsync($"/v2/models/{endpoint}/infer", Requests.Json(body), cancellationToken);
            return (int)response.StatusCode;
        }

        /// <summary>Waits until so many of an endpoint's requests wait for its members.</summary>
        public Task RunningAsync(string endpoint, int requests) => Requests.EventuallyAsync(
            () => Task.FromResult(server.Services.GetRequiredService<ServingState>().Table.Endpoints[endpoint].Gate.Running == requests), seconds: 60);

        public async ValueTask DisposeAsync()
        {
            Succeeded.Dispose();
            Cancelled.Dispose();
            await server.DisposeAsync();
            await registry.DisposeAsync();
        }
    }
}
