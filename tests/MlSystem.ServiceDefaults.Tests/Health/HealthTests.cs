using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.ServiceDefaults.Tests.Health;

public sealed class HealthTests
{
    [Fact]
    public async Task Alive_says_what_lives()
    {
        await using var service = await TestService.StartAsync(null, null, ("MlSystem:Restarts", "3"), ("MlSystem:ApiKeys:bob", "k"));
        var body = await service.Client.GetFromJsonAsync<JsonObject>("/alive");
        Assert.Equal(
            ("alive", "features", 3, Environment.ProcessId),
            ((string?)body!["status"], (string?)body["service"], (int)body["restarts"]!, (int)body["pid"]!));
        Assert.True((DateTimeOffset)body["started_at"]! > DateTimeOffset.UnixEpoch);
        Assert.NotEmpty((string)body["version"]!);
    }

    [Fact]
    public async Task Not_ready_until_the_startup_tasks_are_done()
    {
        var gate = new Gate();
        await using var service = await TestService.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IStartupTask>(gate);
            builder.Services.AddSingleton<IStartupTask>(new Done());
        });
        await gate.Tried.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await service.WaitForAsync("no store yet");
        var answer = await service.Client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal("starting", (string?)body["status"]);
        Assert.Equal(["gate", "done"], body["pending"]!.AsArray().Select(name => (string)name!));

        gate.Open = true;
        await service.Services.GetRequiredService<StartupRunner>().WaitUntilReadyAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("healthy", (string?)(await service.Client.GetFromJsonAsync<JsonObject>("/health"))!["status"]);
    }

    [Fact]
    public async Task A_task_that_can_never_succeed_ends_the_service()
    {
        await using var service = TestService.Create(builder => builder.Services.AddStartupTask<Hopeless>());
        Assert.Equal(StartupFailureException.ExitCode, await service.Exit);
    }

    [Fact]
    public async Task A_lost_dependency_degrades_and_one_that_hangs_too()
    {
        await using var service = await TestService.StartAsync(
            builder => builder.Services.AddHealthChecks()
                .AddCheck("fine", () => HealthCheckResult.Healthy())
                .AddCheck("lost", () => HealthCheckResult.Unhealthy("the store is gone"))
                .AddAsyncCheck("hangs", async token =>
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
                    return HealthCheckResult.Healthy();
                }),
            null,
            ("MlSystem:HealthCheckTimeoutSeconds", "0.2"));
        await service.Services.GetRequiredService<StartupRunner>().WaitUntilReadyAsync(CancellationToken.None);
        var answer = await service.Client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal("degraded", (string?)body["status"]);
        var checks = body["checks"]!.AsArray().ToDictionary(check => (string)check!["name"]!, check => check!);
        Assert.Equal(("healthy", "degraded", "degraded"), ((string?)checks["fine"]["status"], (string?)checks["lost"]["status"], (string?)checks["hangs"]["status"]));
        Assert.Equal("the store is gone", (string?)checks["lost"]["description"]);
    }

    [Fact]
    public async Task Draining_is_not_ready_and_lets_requests_in_flight_finish()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var service = await TestService.StartAsync(
            null,
            app => app.MapGet("/slow", async () =>
            {
                entered.SetResult();
                await finish.Task;
                return "finished";
            }),
            ("MlSystem:DrainDelaySeconds", "1"));
        var slow = service.Client.GetStringAsync("/slow");
        await entered.Task;
        service.Stop();
        var health = await service.Client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Contains("draining", await health.Content.ReadAsStringAsync());
        finish.SetResult();
        Assert.Equal("finished", await slow);
        Assert.Equal(0, await service.Exit);
    }

    [Fact]
    public async Task A_request_that_never_finishes_does_not_hold_the_service_longer_than_the_timeout()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var service = await TestService.StartAsync(
            null,
            app => app.MapGet("/endless", async (HttpContext context) =>
            {
                entered.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
            }),
            ("MlSystem:ShutdownTimeoutSeconds", "0.5"));
        var endless = service.Client.GetAsync("/endless");
        await entered.Task;
        service.Stop();
        await service.Exit.WaitAsync(TimeSpan.FromSeconds(60));
        await Assert.ThrowsAsync<HttpRequestException>(() => endless);
    }

    private sealed class Gate : IStartupTask
    {
        public string Name => "gate";

        public bool Open { get; set; }

        public TaskCompletionSource Tried { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task RunAsync(CancellationToken cancellationToken)
        {
            Tried.TrySetResult();
            return Open ? Task.CompletedTask : throw new InvalidOperationException("no store yet");
        }
    }

    private sealed class Done : IStartupTask
    {
        public string Name => "done";

        public Task RunAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Hopeless : IStartupTask
    {
        public string Name => "hopeless";

        public Task RunAsync(CancellationToken cancellationToken) => throw new StartupFailureException("never");
    }
}
