using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using MlSystem.AppHost.Standalone.Logging;
using MlSystem.AppHost.Standalone.Samples;

namespace MlSystem.AppHost.Tests.Standalone.Samples;

public sealed class SampleLoaderTests : IAsyncDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();
    private WebApplication? _gateway;

    [Fact]
    public async Task A_run_is_followed_to_its_end_and_each_change_is_told_once()
    {
        var asked = 0;
        var loaded = await LoadAsync(
            () => Json(202, """{"sample":"churn","run_id":"r1","state":"queued","already_done":false}"""),
            () => Json(200, Interlocked.Increment(ref asked) switch
            {
                1 => """{"run_id":"r1","state":"running","steps":[{"name":"ingest","state":"running"},{"name":"train","state":"pending"}]}""",
                2 => """{"run_id":"r1","state":"running","steps":[{"name":"ingest","state":"running"},{"name":"train","state":"pending"}]}""",
                _ => """{"run_id":"r1","state":"succeeded","steps":[{"name":"ingest","state":"succeeded"},{"name":"train","state":"succeeded"}]}""",
            }));

        Assert.True(loaded);
        Assert.Equal(3, asked);
        Assert.Equal(1, Count("run r1: running (step 1 of 2: ingest running)"));
        Assert.Equal(1, Count("run r1: succeeded (step 2 of 2: train succeeded)"));
        Assert.Equal(1, Count("/v2/models/churn/infer"));
        Assert.Empty(_errors.ToString());
    }

    [Fact]
    public async Task A_loaded_sample_is_not_followed_again()
    {
        var loaded = await LoadAsync(() => Json(200, """{"run_id":"r1","already_done":true}"""), () => Json(500, "{}"));

        Assert.True(loaded);
        Assert.Equal(1, Count("nothing was done twice"));
        Assert.Equal(1, Count("/v2/models/churn/infer"));
    }

    [Fact]
    public async Task A_failed_run_tells_the_step_and_the_reason()
    {
        var loaded = await LoadAsync(
            () => Json(202, """{"run_id":"r1","already_done":false}"""),
            () => Json(200, """{"run_id":"r1","state":"failed","failed_step":"train","error":"no rows","steps":[]}"""));

        Assert.False(loaded);
        Assert.Contains("was not loaded: run r1 failed at step train: no rows (the system keeps running)", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_tells_status_and_body()
    {
        Assert.False(await LoadAsync(() => Json(404, """{"title":"no such sample"}"""), () => Json(500, "{}")));
        Assert.Contains("answered 404: {\"title\":\"no such sample\"}", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_no_JSON()
    {
        Assert.False(await LoadAsync(() => Results.Text("<html>"), () => Json(500, "{}")));
        Assert.Contains("was not loaded", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_gateway_at_all()
    {
        var log = new MergedLog(_output, _errors, colour: false, TimeProvider.System);

        Assert.False(await new SampleLoader("http://127.0.0.1:1", log, TimeProvider.System).LoadAsync("churn", CancellationToken.None));
        Assert.Contains("was not loaded", _errors.ToString(), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }
    }

    private async Task<bool> LoadAsync(Func<IResult> start, Func<IResult> run)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _gateway = builder.Build();
        _gateway.MapPost("/api/samples/churn", start);
        _gateway.MapGet("/api/runs/r1", run);
        await _gateway.StartAsync();
        var log = new MergedLog(_output, _errors, colour: false, TimeProvider.System);
        return await new SampleLoader(_gateway.Urls.Single(), log, TimeProvider.System).LoadAsync("churn", CancellationToken.None);
    }

    private int Count(string text) => _output.ToString().Split('\n').Count(line => line.Contains(text, StringComparison.Ordinal));

    private static IResult Json(int status, string body) => Results.Text(body, "application/json", statusCode: status);
}
