using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Tests.Versions;

/// <summary>A memory budget: who is loaded when, and who leaves.</summary>
public sealed class ResidencyTests
{
    /// <summary>Room for about four of the linear models.</summary>
    private const long Four = 4 * 140_000;

    [Fact]
    public async Task Thousands_of_models_answer_right_within_a_small_budget()
    {
        const int Models = 2000;
        await using var registry = await RegistryAsync(Models);
        await using var server = await StartAsync(registry, 40 * 140_000);
        var (state, budget, residents) = (Get<ServingState>(server), Get<MemoryBudget>(server), Get<ResidentVersions>(server));
        Assert.Equal((Models, 0), (state.Table.Endpoints.Count, residents.Ready.Count()));
        var next = 0;
        Assert.Equal(0, await AskAsync(server, 0));
        var hot = residents.Ready.Single();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var model = Interlocked.Increment(ref next) - 1; model < Models; model = Interlocked.Increment(ref next) - 1)
            {
                Assert.Equal(model, await AskAsync(server, model));
                Assert.Equal(0, await AskAsync(server, 0));
                Assert.True(budget.Used <= budget.Limit + (4 * 140_000), $"{budget.Used} of {budget.Limit} bytes");
            }
        }));
        Assert.InRange(residents.Ready.Count(), 10, 60);
        Assert.False(hot.Freed.IsCompleted);
    }

    [Fact]
    public async Task The_least_recently_used_endpoint_leaves_and_comes_back_on_its_next_request()
    {
        await using var registry = await RegistryAsync(6);
        await using var server = await StartAsync(registry, Four);
        foreach (var model in (int[])[0, 1, 2, 3, 0, 4])
        {
            Assert.Equal(model, await AskAsync(server, model));
        }

        var resident = Get<ResidentVersions>(server).Ready.Select(version => version.Key.Model).ToHashSet(StringComparer.Ordinal);
        Assert.Contains("m0", resident);
        Assert.Contains("m4", resident);
        Assert.DoesNotContain("m1", resident);
        Assert.Equal(1, await AskAsync(server, 1));
    }

    [Fact]
    public async Task A_pinned_endpoint_is_loaded_at_start_and_never_leaves()
    {
        await using var registry = await RegistryAsync(8);
        registry.SetEndpoint("m7", 1, endpoint => endpoint with { Pinned = true });
        await using var server = await StartAsync(registry, Four);
        Assert.Equal("m7", Get<ResidentVersions>(server).Ready.Single().Key.Model);
        var pinned = Get<ResidentVersions>(server).Ready.Single();
        for (var model = 0; model < 7; model++)
        {
            Assert.Equal(model, await AskAsync(server, model));
        }

        Assert.False(pinned.Freed.IsCompleted);
        Assert.Contains(pinned, Get<ResidentVersions>(server).Ready);
    }

    [Fact]
    public async Task Many_requests_for_one_sleeping_endpoint_share_one_load()
    {
        await using var registry = await RegistryAsync(1);
        await using var server = await StartAsync(registry, Four);
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => AskAsync(server, 0)));
        Assert.All(answers, answer => Assert.Equal(0, answer));
        Assert.Equal(1, registry.Downloads("m0"));
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_with_the_numbers()
    {
        await using var registry = await RegistryAsync(2);
        await using var server = await StartAsync(registry, 1000);
        var (status, body) = await server.InferAsync("m1", Requests.LinearBody(0));
        Assert.Equal(503, status);
        Assert.Contains("the memory budget of 1000 bytes has no room for it", body.Error(), StringComparison.Ordinal);
        using var ready = await server.Http.GetAsync("/v2/models/m1/ready");
        Assert.Equal(200, (int)ready.StatusCode);
    }

    [Fact]
    public async Task What_is_in_use_does_not_leave_and_who_waits_for_its_room_gets_it()
    {
        await using var registry = await RegistryAsync(2);
        await using var server = await StartAsync(registry, 200_000);
        Assert.Equal(0, await AskAsync(server, 0));
        var used = Get<ResidentVersions>(server).Ready.Single();
        Assert.True(used.TryAcquire());
        var waiting = AskAsync(server, 1);
        await Requests.EventuallyAsync(() => Task.FromResult(Get<ServingState>(server).Table.Endpoints["m1"] is not null && !waiting.IsCompleted));
        Assert.False(used.Freed.IsCompleted);
        used.Release();
        Assert.Equal(1, await waiting);
        await used.Freed;
    }

    [Fact]
    public async Task The_former_live_version_is_the_first_to_leave()
    {
        await using var registry = await RegistryAsync(4);
        registry.AddVersion("m0", 2, ModelFolder.Linear(bias: 1000));
        await using var server = await StartAsync(registry, Four);
        Assert.Equal(1, await AskAsync(server, 1));
        Assert.Equal(0, await AskAsync(server, 0));
        registry.SetEndpoint("m0", 2);
        await Requests.EventuallyAsync(async () => await AskAsync(server, 0) == 1000);
        Assert.Contains(new VersionKey("m0", 1), Resident(server));
        Assert.Equal(2, await AskAsync(server, 2));
        Assert.Equal(3, await AskAsync(server, 3));
        Assert.Equal([new VersionKey("m0", 2), new VersionKey("m1", 1), new VersionKey("m2", 1), new VersionKey("m3", 1)], Resident(server).OrderBy(key => key.Model, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Unload_and_load_answer_when_it_is_true()
    {
        await using var registry = await RegistryAsync(1);
        await using var server = await StartAsync(registry, Four);
        using var load = await server.Http.PostAsync("/v2/repository/models/m0/load", null);
        Assert.Equal(200, (int)load.StatusCode);
        var version = Get<ResidentVersions>(server).Ready.Single();
        using var unload = await server.Http.PostAsync("/v2/repository/models/m0/unload", null);
        Assert.Equal(200, (int)unload.StatusCode);
        Assert.True(version.Freed.IsCompleted);
        Assert.Equal(0, Get<MemoryBudget>(server).Used);
        Assert.Equal(503, (await server.InferAsync("m0", Requests.LinearBody(0))).Status);
    }

    private static IEnumerable<VersionKey> Resident(InferenceServer server) => [.. Get<ResidentVersions>(server).Ready.Select(version => version.Key)];

    private static T Get<T>(InferenceServer server)
        where T : notnull => server.Services.GetRequiredService<T>();

    private static async Task<int> AskAsync(InferenceServer server, int model)
    {
        var (status, body) = await server.InferAsync(string.Create(CultureInfo.InvariantCulture, $"m{model}"), Requests.LinearBody(0));
        Assert.True(status == 200, body.ToString());
        return (int)body.Prediction();
    }

    private static async Task<RegistryDouble> RegistryAsync(int models)
    {
        var registry = new RegistryDouble();
        for (var model = 0; model < models; model++)
        {
            registry.AddVersion(string.Create(CultureInfo.InvariantCulture, $"m{model}"), 1, ModelFolder.Linear(bias: model));
        }

        registry.AddEndpoints(Enumerable.Range(0, models).Select(model => string.Create(CultureInfo.InvariantCulture, $"m{model}")));
        await registry.StartAsync();
        return registry;
    }

    private static Task<InferenceServer> StartAsync(RegistryDouble registry, long budget) => InferenceServer.StartAsync(
        registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Versions:MemoryBudgetBytes"] = budget.ToString(CultureInfo.InvariantCulture) });
}
