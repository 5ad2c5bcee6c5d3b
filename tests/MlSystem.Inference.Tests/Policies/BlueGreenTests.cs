using MlSystem.Inference.Routing;
using MlSystem.Inference.Tests.Fixture;
using Microsoft.Extensions.DependencyInjection;

namespace MlSystem.Inference.Tests.Policies;

public sealed class BlueGreenTests
{
    /// <summary>
    /// Ten switches between two resident versions under load. How long a switch takes is not asserted but where it comes from:
    /// a switch loads nothing, so that it takes one round of the long poll.
    /// </summary>
    [Fact]
    public async Task A_switch_under_load_loses_no_request_and_loads_nothing()
    {
        await using var registry = await Traffic.RegistryAsync("linear", Weights(blue: 1, green: 0));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var state = server.Services.GetRequiredService<ServingState>();
        await Requests.EventuallyAsync(() => Task.FromResult(state.Table.Endpoints["linear"].Live.Count == 2));
        var versions = state.Table.Endpoints["linear"].Live.Select(variant => variant.Version).ToHashSet();
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 6).Select(client => AskAsync(server, client, stop.Token)).ToList();
        for (var i = 0; i < 10; i++)
        {
            var green = i % 2 == 0;
            registry.SetEndpoint("linear", Weights(blue: green ? 0 : 1, green: green ? 1 : 0));
            await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(0))).Body.Prediction() == (green ? 1000 : 0));

            // From the first answer of the new colour on there is no other.
            for (var question = 0; question < 20; question++)
            {
                Assert.Equal(green ? "green" : "blue", await server.RestAsync("linear", Requests.LinearBody(0)));
            }

            Assert.True(versions.SetEquals(state.Table.Endpoints["linear"].Live.Select(variant => variant.Version)));
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(clients), answered => Assert.True(answered > 0));
    }

    [Fact]
    public async Task A_canary_grows_step_by_step_and_the_former_version_stays_resident_for_the_way_back()
    {
        await using var registry = await Traffic.RegistryAsync("linear", [Traffic.Variant("champion", 1)]);
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Routing:Seed"] = "9" });
        var state = server.Services.GetRequiredService<ServingState>();
        var champion = state.Table.Endpoints["linear"].Live[0].Version;
        foreach (var weight in (double[])[0.1, 0.5])
        {
            registry.SetEndpoint("linear", [Traffic.Variant("champion", 1, 1 - weight), Traffic.Variant("canary", 2, weight)]);
            await Requests.EventuallyAsync(() => Task.FromResult(state.Table.Endpoints["linear"].Live.Any(variant => variant.Name == "canary" && variant.Weight == weight)));
            var canary = 0;
            for (var i = 0; i < 400; i++)
            {
                canary += await server.RestAsync("linear", Requests.LinearBody(1)) == "canary" ? 1 : 0;
            }

            Assert.InRange(canary, (400 * weight) - 45, (400 * weight) + 45);
        }

        registry.SetEndpoint("linear", [Traffic.Variant("champion", 2)]);
        await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(0))).Body.Prediction() == 1000);
        Assert.False(champion.Freed.IsCompleted);
        registry.SetEndpoint("linear", [Traffic.Variant("champion", 1)]);
        await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(0))).Body.Prediction() == 0);
        Assert.Same(champion, state.Table.Endpoints["linear"].Live[0].Version);
    }

    private static MlSystem.Contracts.EndpointVariant[] Weights(double blue, double green) => [Traffic.Variant("blue", 1, blue), Traffic.Variant("green", 2, green)];

    private static async Task<int> AskAsync(InferenceServer server, int client, CancellationToken stop)
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
    }
}
