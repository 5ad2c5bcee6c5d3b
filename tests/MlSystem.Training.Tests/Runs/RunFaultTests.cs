using System.Text.Json.Nodes;
using MlSystem.Testing;
using MlSystem.Training.Tests.Doubles;

namespace MlSystem.Training.Tests.Runs;

public sealed class RunFaultTests
{
    [Theory]
    [InlineData("POST /api/feature-views/customer_profile/rows", "ingest_rows")]
    [InlineData("POST /mlsystem.features.v1.HistoricalFeatures/GetHistoricalFeatures", "join")]
    [InlineData("POST /api/2.0/mlflow/model-versions/create", "register")]
    public async Task A_run_goes_on_by_itself_after_its_process_was_killed(string blockedCall, string step)
    {
        await using var world = await World.StartAsync();
        var blocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Func<Microsoft.AspNetCore.Http.HttpContext, Task<int?>> block = async context =>
        {
            if ($"{context.Request.Method} {context.Request.Path}" == blockedCall)
            {
                blocked.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }

            return null;
        };
        world.Features.Before = block;
        world.Registry.Before = block;
        string id;
        await using (var process = await TrainingProcess.StartAsync(world))
        {
            id = (await process.Http.SendAsync(HttpMethod.Post, "/api/samples/churn", expected: 202)).Text("run_id");
            await blocked.Task.WaitAsync(TimeSpan.FromSeconds(180));
            await process.KillAsync();
        }

        world.Features.Before = world.Registry.Before = _ => Task.FromResult<int?>(null);
        await using var next = await TrainingProcess.StartAsync(world);
        var run = await next.Http.WaitForStateAsync(id, "succeeded");
        Assert.Equal(2, (int)run.Step(step)["attempts"]!);
        Assert.All(run["steps"]!.AsArray().TakeWhile(s => s!.Text("name") != step), s => Assert.Equal(1, (int)s!["attempts"]!));
        Assert.Single(world.Registry.Versions);
        Assert.Single(world.Registry.Runs);
        Assert.Equal(1, world.Registry.Aliases["champion"]);
        Assert.Equal(7043, world.Features.RowCount);
    }

    [Fact]
    public async Task A_version_registered_just_before_the_kill_is_found_again()
    {
        await using var world = await World.StartAsync();
        var blocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Registry.Before = async context =>
        {
            if (context.Request.Path.StartsWithSegments("/api/models/churn/versions/1", StringComparison.Ordinal))
            {
                blocked.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }

            return null;
        };
        string id;
        await using (var process = await TrainingProcess.StartAsync(world))
        {
            id = (await process.Http.SendAsync(HttpMethod.Post, "/api/samples/churn", expected: 202)).Text("run_id");
            await blocked.Task.WaitAsync(TimeSpan.FromSeconds(180));
            await process.KillAsync();
        }

        world.Registry.Before = _ => Task.FromResult<int?>(null);
        await using var next = await TrainingProcess.StartAsync(world);
        var run = await next.Http.WaitForStateAsync(id, "succeeded");
        Assert.Single(world.Registry.Versions);
        Assert.Single(world.Registry.Runs);
        Assert.Equal(world.Registry.Runs[0].Points.Count, world.Registry.Runs[0].Metrics.Count);
        Assert.Equal(1, (int)run.Step("train")["attempts"]!);
    }

    [Fact]
    public async Task A_registry_that_is_down_at_register_time_is_waited_for_there()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Pipelines.Documents.PrepareAsync(world);
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", Pipelines.Documents.Valid.ToJsonString(), 201);
        await world.Registry.StopAsync();
        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
        await host.Http.WaitAsync(id, run => Attempts(run, "gate") >= 2);

        world.Registry.Before = context => Task.FromResult<int?>(context.Request.Path.Value!.Contains("experiments", StringComparison.Ordinal) ? 503 : null);
        await world.Registry.StartAsync();
        var waiting = await host.Http.WaitAsync(id, run => Attempts(run, "register") >= 3);
        Assert.Equal("running", waiting.Text("state"));
        Assert.Empty(world.Registry.Runs);

        world.Registry.Before = _ => Task.FromResult<int?>(null);
        var run = await host.Http.WaitForStateAsync(id, "succeeded");
        Assert.Equal(1, (int)run.Step("train")["attempts"]!);
        Assert.Single(world.Registry.Versions);
    }

    private static int Attempts(JsonNode run, string step) =>
        run["steps"]!.AsArray().FirstOrDefault(s => s!.Text("name") == step) is { } found ? (int)found["attempts"]! : 0;

    [Fact]
    public async Task Outputs_that_changed_on_disk_are_made_again()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        world.Registry.Refusal = "no";
        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/samples/churn", expected: 202)).Text("run_id");
        await host.Http.WaitForStateAsync(id, "failed");
        var model = Directory.GetFiles(world.Folder.Path, "model.onnx", SearchOption.AllDirectories).Single(f => f.Contains(id, StringComparison.Ordinal));
        await File.AppendAllTextAsync(model, "x");
        world.Registry.Refusal = null;
        await host.Http.SendAsync(HttpMethod.Post, $"/api/runs/{id}/retry", expected: 202);
        var run = await host.Http.WaitForStateAsync(id, "succeeded");
        Assert.Equal(1, (int)run.Step("split")["attempts"]!);
        Assert.Equal(2, (int)run.Step("train")["attempts"]!);
        Assert.Equal(2, (int)run.Step("evaluate")["attempts"]!);
    }
}

/// <summary>The training service as a process of its own, for tests that kill it.</summary>
internal sealed class TrainingProcess : IAsyncDisposable
{
    private readonly ServerProcess _process;

    private TrainingProcess(ServerProcess process, int port)
    {
        _process = process;
        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    public HttpClient Http { get; }

    public static async Task<TrainingProcess> StartAsync(World world, params (string Key, string Value)[] settings)
    {
        var port = FreePort.Next();
        var environment = TrainingHost.Settings(world.Folder.Path, port, world.Features, world.Registry)
            .Concat(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)))
            .ToDictionary(s => s.Key.Replace(":", "__", StringComparison.Ordinal), s => s.Value);
        var process = ServerProcess.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "MlSystem.Training.dll")], environment, world.Folder.Path);
        var training = new TrainingProcess(process, port);
        await process.WaitUntilAsync(async token => (await training.Http.GetAsync(new Uri("/health", UriKind.Relative), token)).IsSuccessStatusCode, TimeSpan.FromSeconds(180));
        return training;
    }

    public Task KillAsync() => _process.KillAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _process.DisposeAsync();
    }
}
