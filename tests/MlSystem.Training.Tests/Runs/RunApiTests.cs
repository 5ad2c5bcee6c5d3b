using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;

namespace MlSystem.Training.Tests.Runs;

public sealed class RunApiTests
{
    [Fact]
    public async Task Events_tell_the_whole_run_and_resume_behind_the_last_one_seen()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var id = await StartSmallAsync(world, host);
        var events = await host.Http.EventsAsync(id);
        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), events.Select(e => e.Id));
        Assert.Equal(["queued", "running", "succeeded"], events.Where(e => e.Type == "state").Select(e => e.Data.Text("state")));
        Assert.Equal(
            ["join", "validate", "split", "train", "evaluate", "gate", "register"],
            events.Where(e => e.Type == "step" && e.Data.Text("step_state") == "succeeded").Select(e => e.Data.Text("step")));
        var percentages = events.Where(e => e.Data["percentage"] is not null).Select(e => (double)e.Data["percentage"]!).ToList();
        Assert.Equal(percentages.Order(), percentages);
        Assert.Equal(100, percentages[^1]);
        Assert.Equal(events.Skip(5).Select(e => e.Id), (await host.Http.EventsAsync(id, after: 5)).Select(e => e.Id));

        // The second run of the pipeline knows how long the first took.
        var second = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
        Assert.Contains(await host.Http.EventsAsync(second), e => e.Data.Text("step_state") == "running" && (double?)e.Data["remaining_seconds"] > 0);
    }

    [Fact]
    public async Task A_watched_run_does_not_hold_up_the_stop()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync(("Training:Workers", "0"));
        var id = await StartSmallAsync(world, host);
        using var watched = await host.Http.GetAsync(new Uri($"/api/runs/{id}/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await watched.Content.ReadAsStreamAsync();
        using var reader = new StreamReader(stream);
        Assert.StartsWith("event: state", await reader.ReadLineAsync(), StringComparison.Ordinal);
        var stopped = host.StopAsync();

        // Far below the 30 s after which a stop breaks off what is still being answered.
        await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
        await stopped.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Run_events_reach_the_event_log()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var id = await StartSmallAsync(world, host);
        await host.Http.WaitForStateAsync(id, "succeeded");
        await using var consumer = host.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Runs, "test");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        List<RunEvent> seen = [];
        var payload = "";
        while (seen.Count < 3)
        {
            foreach (var stored in await consumer.ReadAsync(10, deadline.Token))
            {
                Assert.Equal((id, EventTypes.Run), (stored.Event.Key, stored.Event.Headers["ce_type"]));
                payload = System.Text.Encoding.UTF8.GetString(stored.Event.Value.Span);
                seen.Add(System.Text.Json.JsonSerializer.Deserialize(stored.Event.Value.Span, ContractsJson.Default.RunEvent)!);
            }
        }

        Assert.Equal(["queued", "running", "succeeded"], seen.Select(e => e.State));
        Assert.Equal(("small", 1), (seen[^1].Model, seen[^1].Version));
        Assert.Equal(Golden.Form(Golden.Text("run_event")), Golden.Form(payload));
    }

    [Fact]
    public async Task A_running_run_is_cancelled_at_once_and_can_be_retried()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var blocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Features.Before = async context =>
        {
            if (context.Request.Path == "/mlsystem.features.v1.HistoricalFeatures/GetHistoricalFeatures")
            {
                blocked.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }

            return null;
        };
        var id = await StartSmallAsync(world, host);
        await blocked.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await host.Http.SendAsync(HttpMethod.Post, $"/api/runs/{id}/cancel", expected: 202);
        var cancelled = await host.Http.WaitForStateAsync(id, "cancelled");
        Assert.Equal("Cancelled by anonymous.", cancelled.Text("error"));
        await host.Http.SendAsync(HttpMethod.Post, $"/api/runs/{id}/cancel", expected: 409);

        world.Features.Before = _ => Task.FromResult<int?>(null);
        await host.Http.SendAsync(HttpMethod.Post, $"/api/runs/{id}/retry", expected: 202);
        await host.Http.WaitForStateAsync(id, "succeeded");
        await host.Http.SendAsync(HttpMethod.Post, $"/api/runs/{id}/retry", expected: 409);
    }

    [Fact]
    public async Task A_refused_gate_registers_the_version_without_the_alias()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var document = Documents.Valid;
        document["gate"]!["thresholds"]![0]!["min"] = 0.999;
        var run = await host.Http.WaitForStateAsync(await StartSmallAsync(world, host, document.ToJsonString()), "succeeded");
        Assert.Equal(1, (int)run["model_version"]!);
        Assert.Empty(world.Registry.Aliases);
        var version = Assert.Single(world.Registry.Versions);
        Assert.Contains(version.Tags, t => t is { Key: "mlsystem.gate", Value: "refused" });
        Assert.Contains(version.Tags, t => t.Key == "mlsystem.gate_reason" && t.Value.Contains("auc", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_model_that_is_worse_than_the_champion_on_the_same_rows_is_refused()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var document = Documents.Valid;
        document["gate"]!["thresholds"] = new System.Text.Json.Nodes.JsonArray();
        await host.Http.WaitForStateAsync(await StartSmallAsync(world, host, document.ToJsonString()), "succeeded");
        document["trainer"]!["parameters"]!["l2"] = 5000;
        var worse = await host.Http.WaitForStateAsync(await StartSmallAsync(world, host, document.ToJsonString(), 201), "succeeded");
        Assert.Equal(2, (int)worse["model_version"]!);
        Assert.Equal(1, world.Registry.Aliases["champion"]);
        Assert.Contains(world.Registry.Versions[1].Tags, t => t.Key == "mlsystem.gate_reason" && t.Value.Contains("above version 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rows_that_breach_the_validation_fail_the_run_with_every_breach()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var document = Documents.Valid;
        document["validation"] = System.Text.Json.Nodes.JsonNode.Parse("""{"min_rows":1000,"label_classes":["no","yes"],"min_class_share":0.5}""");
        var run = await host.Http.WaitForStateAsync(await StartSmallAsync(world, host, document.ToJsonString()), "failed");
        Assert.Equal("validate", run.Text("failed_step"));
        Assert.Contains("fewer than min_rows 1000", run.Text("error"), StringComparison.Ordinal);
        Assert.Contains("instead of no, yes", run.Text("error"), StringComparison.Ordinal);
        Assert.Contains("less than min_class_share", run.Text("error"), StringComparison.Ordinal);
        Assert.Equal(1, (int)run.Step("validate")["attempts"]!);
        Assert.Empty(world.Registry.Requests);
    }

    [Fact]
    public async Task Unknown_runs_pipelines_and_bad_requests_are_explained()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        Assert.Contains("'nope'", (await host.Http.SendAsync(HttpMethod.Get, "/api/runs/nope", expected: 404)).Text("detail"), StringComparison.Ordinal);
        await host.Http.SendAsync(HttpMethod.Get, "/api/runs/nope/events", expected: 404);
        await host.Http.SendAsync(HttpMethod.Post, "/api/runs/nope/cancel", expected: 404);
        await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/nope/runs", expected: 404);
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", Documents.Valid.ToJsonString(), 201);
        await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", """{"triger":"drift"}""", 400);
        Assert.Contains("schedule", (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", """{"trigger":"whim"}""", 400)).Text("detail"), StringComparison.Ordinal);
        await host.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small/runs?limit=0", expected: 400);
        Assert.Empty((await host.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small/runs"))["runs"]!.AsArray());
    }

    private static async Task<string> StartSmallAsync(World world, TrainingHost host, string? document = null, int expected = 201)
    {
        if (world.Features.RowCount == 0)
        {
            await Documents.PrepareAsync(world);
        }

        var put = await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", document ?? Documents.Valid.ToJsonString(), expected == 201 ? 201 : expected);
        Assert.Equal("small", put.Text("name"));
        return (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
    }
}
