using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Training.Runs;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;

namespace MlSystem.Training.Tests.Runs;

/// <summary>What a pipeline's <c>execution</c> does to its runs.</summary>
public sealed class ExecutionTests
{
    [Fact]
    public async Task Cached_steps_are_taken_over_until_their_inputs_change()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        var definition = With("""{ "cache": true, "steps": { "split": { "cache": false } } }""");
        var first = await RunAsync(host, definition);
        var second = await RunAsync(host, definition);
        Assert.Equal(first.Text("run_id"), second.Step("train").Text("cached_from"));
        Assert.Equal(first.Text("run_id"), second.Step("evaluate").Text("cached_from"));
        Assert.Null(second.Step("split")["cached_from"]);
        Assert.Null(second.Step("join")["cache_key"]);
        Assert.Equal(first.Step("train")["outputs"]!.ToJsonString(), second.Step("train")["outputs"]!.ToJsonString());
        Assert.Equal(2, world.Registry.Versions.Count);

        definition["gate"]!["thresholds"]![0]!["min"] = 0.6;
        var third = await RunAsync(host, definition);
        Assert.Equal(first.Text("run_id"), third.Step("train").Text("cached_from"));
        Assert.Null(third.Step("evaluate")["cached_from"]);
        definition["trainer"]!["parameters"]!["l2"] = 0.25;
        Assert.Null((await RunAsync(host, definition)).Step("train")["cached_from"]);

        // Files that are no longer what they were are not taken over.
        var model = Directory.GetFiles(world.Folder.Path, "model.onnx", SearchOption.AllDirectories);
        foreach (var file in model)
        {
            await File.AppendAllTextAsync(file, "x");
        }

        var fourth = await RunAsync(host, definition);
        Assert.Null(fourth.Step("train")["cached_from"]);
    }

    [Fact]
    public async Task Every_step_tells_what_it_read_and_the_run_has_a_log()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        var run = await RunAsync(host, Documents.Valid);
        var read = run.Step("train")["inputs"]!.AsArray();
        var written = run.Step("split")["outputs"]!.AsArray().Single(o => o!.Text("path") == "train.csv")!.Text("sha256");
        Assert.Contains(read, i => i!.Text("step") == "split" && i!.Text("path") == "train.csv" && i!.Text("sha256") == written);
        Assert.Equal("in_process", run.Step("train").Text("executor"));
        var lines = await LogsAsync(host, run.Text("run_id"), l => l.Any(x => x!.Text("step") == "register" && x!.Text("message").StartsWith("Finished", StringComparison.Ordinal)));
        Assert.Contains(lines, l => l!.Text("step") == "train" && l!.Text("level") == "information" && (int)l!["attempt"]! == 1);
        var some = await host.Http.SendAsync(HttpMethod.Get, $"/api/runs/{run.Text("run_id")}/logs?step=gate&limit=1");
        Assert.Equal("gate", Assert.Single(some["lines"]!.AsArray())!.Text("step"));
        Assert.NotNull(some["next"]);
        await host.Http.SendAsync(HttpMethod.Get, "/api/runs/none/logs", expected: 404);
    }

    [Fact]
    public async Task A_step_that_takes_longer_than_its_timeout_fails_and_is_tried_again_where_attempts_are_declared()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        world.Features.Before = async context =>
        {
            if (context.Request.Path.Value!.Contains("GetHistoricalFeatures", StringComparison.Ordinal))
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }

            return null;
        };
        var once = await RunAsync(host, With("""{ "steps": { "join": { "timeout_seconds": 0.5 } } }"""), "failed");
        Assert.Equal("Step join failed: it took longer than its timeout of 0.5 s", once.Text("error"));
        Assert.Equal(1, (int)once.Step("join")["attempts"]!);
        var twice = await RunAsync(host, With("""{ "attempts": 2, "retry_delay_seconds": 0.01, "steps": { "join": { "timeout_seconds": 0.5 } } }"""), "failed");
        Assert.Equal(2, (int)twice.Step("join")["attempts"]!);
    }

    [Fact]
    public async Task A_pipeline_says_how_often_a_step_is_tried()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        world.Registry.Before = _ => Task.FromResult<int?>(500);
        var run = await RunAsync(host, With("""{ "steps": { "gate": { "attempts": 3 } }, "retry_delay_seconds": 0.01, "max_retry_delay_seconds": 0.02 }"""), "failed");
        Assert.Equal(3, (int)run.Step("gate")["attempts"]!);
    }

    [Fact]
    public async Task Steps_in_child_processes_give_the_same_model()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        var here = await RunAsync(host, Documents.Valid);
        var there = await RunAsync(host, With("""{ "executor": { "kind": "child_process", "memory_mb": 4096, "cpus": 1 } }"""));
        Assert.Equal("child_process", there.Step("train").Text("executor"));
        Assert.Equal(Hash(here, "train", "model.onnx"), Hash(there, "train", "model.onnx"));
        Assert.Equal(2, (int)there["model_version"]!);
        Assert.NotEmpty(there.Step("train")["inputs"]!.AsArray());
    }

    [Fact]
    public async Task A_child_process_without_enough_memory_fails_the_step_and_says_so()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        var run = await RunAsync(host, With("""{ "steps": { "train": { "executor": { "kind": "child_process", "memory_mb": 64 } } } }"""), "failed");
        Assert.Equal("train", run.Text("failed_step"));
        Assert.Contains("memory", run.Text("error"), StringComparison.Ordinal);
        Assert.Contains("64 MiB", run.Text("error"), StringComparison.Ordinal);
        Assert.Equal(1, (int)run.Step("train")["attempts"]!);
    }

    [Fact]
    public async Task Several_runs_run_at_a_time_where_the_pipeline_allows_it()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync(("Training:Workers", "4"));
        await Documents.PrepareAsync(world);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Features.Before = async context =>
        {
            if (context.Request.Path.Value!.Contains("GetHistoricalFeatures", StringComparison.Ordinal))
            {
                await gate.Task.WaitAsync(context.RequestAborted);
            }

            return null;
        };
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", With("""{ "concurrency": 2 }""").ToJsonString(), 201);
        List<string> ids = [];
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id"));
        }

        await host.Http.WaitAsync(ids[0], r => r.Text("state") == "running");
        await host.Http.WaitAsync(ids[1], r => r.Text("state") == "running");
        Assert.Equal("queued", (await host.Http.RunAsync(ids[2])).Text("state"));
        gate.SetResult();
        foreach (var id in ids)
        {
            await host.Http.WaitForStateAsync(id, "succeeded");
        }
    }

    [Fact]
    public async Task Folders_of_runs_that_ended_long_ago_are_deleted()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        var kept = await RunAsync(host, Documents.Valid);
        var old = await RunAsync(host, With("""{ "keep_days": 0.0000001 }"""));
        Assert.Equal(1, await host.Services.GetRequiredService<RunRetention>().SweepAsync(default));
        var folders = Directory.GetDirectories(Path.Combine(world.Folder.Path, "training", "runs")).Select(Path.GetFileName).ToList();
        Assert.Contains(kept.Text("run_id"), folders);
        Assert.DoesNotContain(old.Text("run_id"), folders);
        Assert.Equal("succeeded", (await host.Http.RunAsync(old.Text("run_id"))).Text("state"));
    }

    [Theory]
    [InlineData("""{ "concurrency": 0 }""", "$.execution.concurrency")]
    [InlineData("""{ "cache": 1 }""", "$.execution.cache")]
    [InlineData("""{ "executor": { "kind": "in_process", "memory_mb": 100 } }""", "$.execution.executor.memory_mb")]
    [InlineData("""{ "executor": { "kind": "child_process", "cpus": 1.5 } }""", "$.execution.executor.cpus")]
    [InlineData("""{ "steps": { "train": { "x": 1 } } }""", "$.execution.steps.train.x")]
    [InlineData("""{ "steps": { "trian": { "attempts": 1 } } }""", "$.execution.steps.trian")]
    [InlineData("""{ "retry_delay_seconds": 2, "max_retry_delay_seconds": 1 }""", "$.execution.retry_delay_seconds")]
    public async Task What_cannot_be_is_refused_with_its_place(string execution, string path)
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var answer = await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", With(execution).ToJsonString(), 422);
        Assert.Contains(answer["errors"]!.AsArray(), e => e!.Text("path") == path);
    }

    private static JsonObject With(string execution)
    {
        var document = Documents.Valid;
        document["execution"] = JsonNode.Parse(execution);
        return document;
    }

    private static async Task<JsonNode> RunAsync(TrainingHost host, JsonObject definition, string state = "succeeded")
    {
        using var answer = await host.Http.PutAsync(new Uri("/api/pipelines/small", UriKind.Relative), new StringContent(definition.ToJsonString(), System.Text.Encoding.UTF8, "application/json"));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
        return await host.Http.WaitAsync(
            id,
            run =>
            {
                Assert.False(run.Text("state") is "succeeded" or "failed" or "cancelled" && run.Text("state") != state, run.ToString());
                return run.Text("state") == state;
            },
            seconds: 120);
    }

    private static async Task<JsonArray> LogsAsync(TrainingHost host, string id, Func<JsonArray, bool> enough)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var lines = (await host.Http.SendAsync(HttpMethod.Get, $"/api/runs/{id}/logs"))["lines"]!.AsArray();
            if (enough(lines))
            {
                return lines;
            }

            Assert.False(deadline.IsCancellationRequested, lines.ToJsonString());
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }

    private static string Hash(JsonNode run, string step, string file) => run.Step(step)["outputs"]!.AsArray().Single(o => o!.Text("path") == file)!.Text("sha256");
}
