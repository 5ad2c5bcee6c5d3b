using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
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

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var unloaded = await server.Http.PostAsync("/v2/repository/models/linear/unload", null, deadline.Token);
        Assert.Equal(200, (int)unloaded.StatusCode);
        Assert.Empty(log.Appended);

        log.Works = true;
        await Requests.EventuallyAsync(() => Task.FromResult(log.Batches().Sum(batch => batch.RequestIds.Count) == 20));
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
        Assert.Equal(504, (int)unloaded.StatusCode);
        Assert.Contains("it is freed with the last of them", await unloaded.Content.ReadAsStringAsync(), StringComparison.Ordinal);
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
        var ids = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            ids.Add((await server.InferAsync("linear", Requests.LinearBody(i))).Body.RequestId());
        }

        // While the event log is down nothing leaves, so exactly as many as may wait are kept, whatever the machine's load. The last
        // answer may come a moment before its call is logged.
        await Requests.EventuallyAsync(async () => await DroppedAsync(server) == 50);
        log.Works = true;
        await Requests.EventuallyAsync(() => Task.FromResult(log.Batches().Sum(batch => batch.RequestIds.Count) == 10));
        Assert.Equal(10, log.Batches().SelectMany(batch => batch.RequestIds).Intersect(ids, StringComparer.Ordinal).Count());

        // The exporter may answer a scrape without the counter while it is busy; the counter itself never goes back.
        await Requests.EventuallyAsync(async () => await DroppedAsync(server) == 50);

        // There is room again.
        Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(1))).Status);
        await Requests.EventuallyAsync(() => Task.FromResult(log.Batches().Sum(batch => batch.RequestIds.Count) == 11));
    }

    [Fact]
    public async Task A_request_that_no_event_can_hold_is_logged_without_its_inputs_or_counted()
    {
        var log = new FailingEventLog { Works = true };
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(
            registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:PredictionLog:MaxEventBytes"] = "3000" }, services: services => services.AddSingleton<IEventLog>(log));
        foreach (var rows in new[] { 1, 150, 1000 })
        {
            var data = string.Join(',', Enumerable.Repeat("0", rows * 3));
            Assert.Equal(200, (await server.InferAsync("linear", $$"""{"inputs":[{"name":"x","shape":[{{rows}},3],"datatype":"FP32","data":[{{data}}]}]}""")).Status);
        }

        await Requests.EventuallyAsync(() => Task.FromResult(log.Batches().Count == 2));
        Assert.Equal([(1, 1), (150, 0)], log.Batches().Select(batch => (batch.Rows?[0] ?? 1, batch.Inputs.Count)).Order());
        Assert.All(log.Appended, appended => Assert.InRange(appended.Value.Length, 1, 3000));
        await Requests.EventuallyAsync(async () => await DroppedAsync(server) == 1);
        Assert.Contains("reason=\"too_large\"", await server.Http.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopped_server_has_logged_everything_it_answered()
    {
        var log = new FailingEventLog { Works = true };
        await using var registry = await RegistryAsync();
        await using (var server = await InferenceServer.StartAsync(
            registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:PredictionLog:FlushIntervalMilliseconds"] = "60000" }, services: services => services.AddSingleton<IEventLog>(log)))
        {
            for (var i = 0; i < 20; i++)
            {
                Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(i))).Status);
            }

            Assert.Empty(log.Appended);
        }

        var batch = Assert.Single(log.Batches());
        Assert.Equal(20, batch.RequestIds.Count);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (float)i), MemoryMarshal.Cast<byte, float>(batch.Outputs["prediction"].Data.Span).ToArray().Order());
    }

    [Fact]
    public async Task Half_of_the_requests_bring_their_inputs_and_all_their_outputs()
    {
        var log = new FailingEventLog { Works = true };
        await using var registry = await RegistryAsync(new EndpointLogging { SampleShare = 0.5 });
        await using var server = await InferenceServer.StartAsync(registry.Url, services: services => services.AddSingleton<IEventLog>(log));
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(i))).Status);
        }

        await Requests.EventuallyAsync(() => Task.FromResult(log.Batches().Sum(batch => batch.RequestIds.Count) == 100));
        Assert.InRange(log.Batches().Where(batch => batch.Inputs.Count > 0).Sum(batch => batch.RequestIds.Count), 20, 80);
        Assert.All(log.Batches(), batch => Assert.Equal(batch.RequestIds.Count * sizeof(float), batch.Outputs["prediction"].Data.Length));
    }

    /// <summary>Meters are seen by every server of the process, but only the tests of this class drop, one at a time.</summary>
    private static async Task<long> DroppedAsync(InferenceServer server)
    {
        var metrics = await server.Http.GetStringAsync("/metrics");
        return metrics.Split('\n').Where(line => line.StartsWith("mlsystem_prediction_log_dropped{", StringComparison.Ordinal))
            .Sum(line => long.Parse(line[(line.IndexOf('}', StringComparison.Ordinal) + 2)..].Split(' ')[0], CultureInfo.InvariantCulture));
    }

    private static async Task<RegistryDouble> RegistryAsync(EndpointLogging? logging = null)
    {
        var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.SetEndpoint("linear", [new EndpointVariant { Name = "champion", Model = "linear", Version = 1 }], logging: logging);
        await registry.StartAsync();
        return registry;
    }
}
