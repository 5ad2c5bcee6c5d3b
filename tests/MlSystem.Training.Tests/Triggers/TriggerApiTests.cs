using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;

namespace MlSystem.Training.Tests.Triggers;

/// <summary>Triggers in the running service: from the event log and Monitor's counts to a finished run.</summary>
public sealed class TriggerApiTests
{
    [Fact]
    public async Task An_alert_in_the_event_log_starts_a_run_that_names_it()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        await PutAsync(host, """[{ "name": "drifted", "kind": "drift", "endpoint": "small" }, { "name": "nightly", "kind": "cron", "cron": "0 3 * * *", "time_zone": "Europe/Berlin" }]""");
        var alert = """{"alert_id":"a1","kind":"feature_drift","severity":"warning","endpoint":"small","summary":"tenure moved","time":"2026-01-01T00:00:00Z","evidence":{"psi":"0.4"}}""";
        foreach (var payload in new[] { "no JSON", alert })
        {
            await host.Services.GetRequiredService<IEventLog>().AppendAsync("mlsystem.alerts", [new LogEvent("small", Encoding.UTF8.GetBytes(payload), new Dictionary<string, string>())], default);
        }

        var firing = await FiringAsync(host, "drifted");
        Assert.Equal("started", firing.Text("outcome"));
        var run = await host.Http.WaitAsync(firing.Text("run_id"), r => r.Text("state") == "succeeded", seconds: 90);
        Assert.Equal("drift", run["trigger"]!.Text("kind"));
        Assert.Contains("alert a1 (feature_drift, warning) of endpoint small: tenure moved", run["trigger"]!.Text("evidence"), StringComparison.Ordinal);
        var nightly = (await host.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small/triggers"))["triggers"]!.AsArray().Single(t => t!.Text("name") == "nightly")!;
        Assert.NotEmpty(nightly.Text("next_at"));
        Assert.True((bool)(await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/triggers/nightly/pause"))["paused"]!);
        Assert.False((bool)(await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/triggers/nightly/resume"))["paused"]!);
        Assert.Contains("it has drifted, nightly", (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/triggers/none/pause", expected: 404)).Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_labels_at_Monitor_start_a_run_once_there_are_enough()
    {
        await using var world = await World.StartAsync();
        await using var monitor = new MonitorDouble { Labelled = 100 };
        await monitor.StartAsync();
        await using var host = await world.HostAsync(("services:monitor:http:0", monitor.Address), ("Training:DataTriggerInterval", "00:00:01"));
        await Documents.PrepareAsync(world);
        await PutAsync(host, """[{ "kind": "new_data", "endpoint": "live", "rows": 50 }]""");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (monitor.Count("GET /api/endpoints/live/performance") < 2)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
        }

        Assert.Empty((await host.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small/firings"))["firings"]!.AsArray());
        monitor.Labelled = 150;
        var firing = await FiringAsync(host, "new_data");
        Assert.Contains("50 new labelled predictions of endpoint live", firing.Text("evidence"), StringComparison.Ordinal);
        await host.Http.WaitAsync(firing.Text("run_id"), r => r.Text("state") == "succeeded", seconds: 90);
    }

    private static Task PutAsync(TrainingHost host, string triggers)
    {
        var document = Documents.Valid;
        document["triggers"] = JsonNode.Parse(triggers);
        return host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", document.ToJsonString(), 201);
    }

    private static async Task<JsonNode> FiringAsync(TrainingHost host, string trigger)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var firings = (await host.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small/firings"))["firings"]!.AsArray();
            if (firings.FirstOrDefault(f => f!.Text("trigger") == trigger) is { } found)
            {
                return found;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
        }
    }
}
