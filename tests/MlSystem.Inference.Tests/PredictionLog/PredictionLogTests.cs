using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.Tests.PredictionLog;

public sealed class PredictionLogTests
{
    [Fact]
    public async Task While_the_event_log_is_down_nothing_stays_in_memory_for_it_and_unload_completes()
    {
        var log = new FailingEventLog();
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(
            registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Routing:UnloadWaitSeconds"] = "300" }, services: services => services.AddSingleton<IEventLog>(log));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(i))).Status);
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var unloaded = await server.Http.PostAsync("/v2/repository/models/linear/unload", null, deadline.Token);
        Assert.Equal(200, (int)unloaded.StatusCode);
        Assert.Empty(log.Appended);

        log.Works = true;
        await Requests.EventuallyAsync(() => Task.FromResult(log.Appended.Count == 20));
    }

    [Fact]
    public async Task Unload_waits_for_a_request_that_hangs_no_longer_than_it_may()
    {
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(
            registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Routing:UnloadWaitSeconds"] = "1" });
        var version = server.Services.GetRequiredService<MlSystem.Inference.Routing.ServingState>().Table.Endpoints["linear"].Live[0].Version;
        Assert.True(version.TryAcquire());
        using var unloaded = await server.Http.PostAsync("/v2/repository/models/linear/unload", null);
        Assert.Equal(200, (int)unloaded.StatusCode);
        Assert.False(version.Freed.IsCompleted);
        version.Release();
        await version.Freed;
    }

    [Fact]
    public async Task What_does_not_fit_is_dropped_and_counted_and_no_answer_waits()
    {
        var log = new FailingEventLog();
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(
            registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:PredictionLog:MaxWaiting"] = "10" }, services: services => services.AddSingleton<IEventLog>(log));
        for (var i = 0; i < 60; i++)
        {
            Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(i))).Status);
        }

        await Requests.EventuallyAsync(async () => await DroppedAsync(server) > 0);
        log.Works = true;
        await Requests.EventuallyAsync(async () => log.Appended.Count + await DroppedAsync(server) == 60);

        // Ten may wait as events, and those of the one append that is tried again and again.
        Assert.InRange(log.Appended.Count, 10, 30);
    }

    private static async Task<long> DroppedAsync(InferenceServer server)
    {
        var metrics = await server.Http.GetStringAsync("/metrics");
        return metrics.Split('\n').Where(line => line.StartsWith("mlsystem_prediction_log_dropped{", StringComparison.Ordinal))
            .Sum(line => long.Parse(line[(line.IndexOf('}', StringComparison.Ordinal) + 2)..].Split(' ')[0], CultureInfo.InvariantCulture));
    }

    private static async Task<RegistryDouble> RegistryAsync()
    {
        var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.SetEndpoint("linear", 1);
        await registry.StartAsync();
        return registry;
    }
}
