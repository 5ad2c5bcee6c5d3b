using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Contracts;
using MlSystem.Testing;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs;
using MlSystem.Training.Storage;
using MlSystem.Training.Tests.Pipelines;
using MlSystem.Training.Tests.Runs;
using MlSystem.Training.Triggers;

namespace MlSystem.Training.Tests.Triggers;

/// <summary>Triggers under a clock of the test's own: what fires when, once, and what is suppressed why; over both databases.</summary>
public abstract class TriggerTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 28, 0, 0, 0, TimeSpan.Zero));
    private IDbContextFactory<TrainingContext> _contexts = null!;
    private PipelineStore _pipelines = null!;
    private RunQueue _queue = null!;

    public async ValueTask InitializeAsync()
    {
        _contexts = await CreateAsync();
        await using var context = await _contexts.CreateDbContextAsync();
        await context.Database.MigrateAsync();
        _pipelines = new PipelineStore(_contexts, _time);
        _queue = new RunQueue(_contexts, Options.Create(new RunOptions()), _time, new RunSignal(_time));
    }

    public abstract ValueTask DisposeAsync();

    private protected abstract Task<IDbContextFactory<TrainingContext>> CreateAsync();

    [Fact]
    public async Task A_daily_schedule_fires_once_a_day_over_both_clock_changes()
    {
        // 2:30 does not exist in Berlin on 29 March 2026 and comes twice on 25 October 2026.
        await PutAsync("""[{ "kind": "cron", "cron": "30 2 * * *", "time_zone": "Europe/Berlin" }]""");
        await TickThroughAsync(TimeSpan.FromDays(3));
        var spring = await FiringsAsync();
        Assert.True(spring.Count is 2 or 3, string.Join(", ", spring.Select(f => f.Evidence)));
        Assert.Equal(spring.Count, spring.Select(f => f.Time.Date).Distinct().Count());
        Assert.Equal(new DateTimeOffset(2026, 3, 28, 1, 30, 0, TimeSpan.Zero), spring[0].Time);
        Assert.Equal(new DateTimeOffset(2026, 3, 30, 0, 30, 0, TimeSpan.Zero), spring[^1].Time);

        await FinishAsync();
        _time.SetUtcNow(new DateTimeOffset(2026, 10, 24, 12, 0, 0, TimeSpan.Zero));
        await TickAsync();
        await FinishAsync();
        var before = (await FiringsAsync()).Count;
        await TickThroughAsync(TimeSpan.FromDays(2));
        Assert.Equal(2, (await FiringsAsync()).Count - before);
    }

    [Fact]
    public async Task Times_that_were_missed_make_one_run_or_none_as_the_policy_says()
    {
        await PutAsync("""[{ "name": "once", "kind": "cron", "cron": "0 * * * *" }, { "name": "skip", "kind": "cron", "cron": "0 * * * *", "misfire": "skip" }]""");
        _time.Advance(TimeSpan.FromHours(5.5));
        await TickAsync();
        await TickAsync();
        var firings = await FiringsAsync();
        var once = Assert.Single(firings, f => f.Trigger == "once");
        Assert.NotNull(once.RunId);
        Assert.Contains("5 missed since 2026-03-28T01:00:00Z", once.Evidence, StringComparison.Ordinal);
        var skipped = Assert.Single(firings, f => f.Trigger == "skip");
        Assert.Equal("missed, and the misfire policy is skip", skipped.Reason);
    }

    [Fact]
    public async Task Replicas_that_look_at_the_same_time_fire_every_time_once()
    {
        await PutAsync("""[{ "kind": "cron", "cron": "0 * * * *" }]""");
        for (var hour = 1; hour <= 5; hour++)
        {
            _time.Advance(TimeSpan.FromHours(1));
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(TickAsync)));

            // One whose write lost is asked again, as its clock does every second.
            await TickAsync();
            Assert.Equal(hour, (await FiringsAsync()).Count);
            await FinishAsync();
        }

        Assert.Equal(5, await RunsAsync());
        Assert.All(await FiringsAsync(), f => Assert.NotNull(f.RunId));
    }

    [Fact]
    public async Task A_clock_that_is_set_back_fires_nothing_twice_and_replicas_fire_once()
    {
        await PutAsync("""[{ "kind": "cron", "cron": "0 * * * *" }]""");
        _time.Advance(TimeSpan.FromHours(1));
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(TickAsync)));
        Assert.Single(await FiringsAsync());
        await FinishAsync();

        // An hour back, as a test of the same hours again.
        var back = new FakeTimeProvider(_time.GetUtcNow() - TimeSpan.FromMinutes(59));
        var view = (await _pipelines.FindAsync("small", version: null, default))!;
        var gate = new TriggerGate(_contexts, _queue, new RunSignal(back), back);
        for (var minute = 0; minute < 59; minute++)
        {
            back.Advance(TimeSpan.FromMinutes(1));
            await new CronTriggers(gate, back).TickAsync(view, view.Definition.Triggers[0], default);
        }

        Assert.Single(await FiringsAsync());
        Assert.Equal(1, await RunsAsync());
    }

    [Fact]
    public async Task Cool_down_budget_pause_and_a_waiting_run_suppress_with_their_reason()
    {
        await PutAsync("""[{ "kind": "drift", "endpoint": "e", "cooldown_seconds": 3600 }]""", """{ "runs_per_day": 2 }""");
        await AlertAsync("1");
        await AlertAsync("1");
        await AlertAsync("2");
        await FinishAsync();
        await AlertAsync("3");
        _time.Advance(TimeSpan.FromHours(1));
        await AlertAsync("4");
        await FinishAsync();
        _time.Advance(TimeSpan.FromHours(1));
        await AlertAsync("5");
        _time.Advance(TimeSpan.FromDays(1));
        var view = (await _pipelines.FindAsync("small", version: null, default))!;
        var gate = Gate();
        await gate.RememberAsync(view, view.Definition.Triggers[0], row => row.Paused = true, default);
        await AlertAsync("6");
        var firings = await FiringsAsync();
        Assert.Equal(["started", "waits already", "cool-down until 2026-03-28T01:00:00Z", "started", "budget of 2 runs a day", "paused"], firings.Select((f, i) => f.RunId is not null ? "started"
            : new[] { "waits already", "cool-down until 2026-03-28T01:00:00Z", "budget of 2 runs a day", "paused" }.FirstOrDefault(reason => f.Reason!.Contains(reason, StringComparison.Ordinal)) ?? f.Reason!));
        await using var context = await _contexts.CreateDbContextAsync();
        var run = await context.Runs.OrderBy(r => r.Id).FirstAsync();
        Assert.Equal("drift", run.TriggerKind);
        Assert.Contains("alert 1 (feature_drift, warning) of endpoint e", run.TriggerEvidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_that_come_together_make_one_run_when_it_is_quiet_again()
    {
        await PutAsync("""[{ "kind": "drift", "endpoint": "e", "debounce_seconds": 60 }]""");
        await AlertAsync("1");
        _time.Advance(TimeSpan.FromSeconds(50));
        await AlertAsync("2");
        _time.Advance(TimeSpan.FromSeconds(50));
        await ReleaseAsync();
        Assert.Empty(await FiringsAsync());
        _time.Advance(TimeSpan.FromSeconds(11));
        await ReleaseAsync();
        await ReleaseAsync();
        var firing = Assert.Single(await FiringsAsync());
        Assert.NotNull(firing.RunId);
        Assert.Contains("alert 1 ", firing.Evidence, StringComparison.Ordinal);
        Assert.Contains("alert 2 ", firing.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_upstream_that_succeeds_starts_one_and_others_do_not()
    {
        await PutAsync("""[{ "kind": "upstream", "pipeline": "features" }]""");
        foreach (var (pipeline, state) in new[] { ("features", "failed"), ("other", "succeeded"), ("features", "succeeded"), ("features", "succeeded") })
        {
            await Events().RunEndedAsync(new RunEvent { RunId = $"{pipeline}-{state}", Pipeline = pipeline, State = state, Trigger = new RunTrigger { Kind = "manual" }, Time = _time.GetUtcNow() }, default);
        }

        var firing = Assert.Single(await FiringsAsync());
        Assert.Contains("run features-succeeded of pipeline features succeeded", firing.Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{ "kind": "cron", "cron": "61 * * * *" }]""", "$.triggers[0].cron")]
    [InlineData("""[{ "kind": "cron", "cron": "0 0 0 1 1 ? 2020" }]""", "$.triggers[0].cron")]
    [InlineData("""[{ "kind": "cron", "cron": "0 3 * * *", "time_zone": "Mars/Base" }]""", "$.triggers[0].time_zone")]
    [InlineData("""[{ "kind": "new_data", "endpoint": "e" }]""", "$.triggers[0]")]
    [InlineData("""[{ "kind": "new_data", "rows": 5 }]""", "$.triggers[0].rows")]
    [InlineData("""[{ "kind": "upstream", "pipeline": "small" }]""", "$.triggers[0].pipeline")]
    [InlineData("""[{ "kind": "drift", "endpoint": "e" }, { "kind": "drift", "endpoint": "f" }]""", "$.triggers")]
    public void A_trigger_that_cannot_be_is_refused_with_its_place(string triggers, string path)
    {
        var (definition, errors) = Read(triggers, budget: null);
        Assert.Null(definition);
        Assert.Contains(errors, e => e.Path == path);
    }

    private (PipelineDefinition? Definition, IReadOnlyList<DefinitionError> Errors) Read(string triggers, string? budget)
    {
        var document = Documents.Valid;
        document["triggers"] = JsonNode.Parse(triggers);
        document["budget"] = budget is null ? null : JsonNode.Parse(budget);
        return PipelineReader.Read(JsonSerializer.SerializeToElement(document), "small", _time.GetUtcNow());
    }

    private async Task PutAsync(string triggers, string? budget = null)
    {
        var (definition, errors) = Read(triggers, budget);
        Assert.Empty(errors);
        await _pipelines.PutAsync(definition!, "test", default);
    }

    private TriggerGate Gate() => new(_contexts, _queue, new RunSignal(_time), _time);

    private EventTriggers Events() => new(new TriggerPipelines(_contexts, _pipelines), Gate(), _time);

    /// <summary>Each a millisecond later, so that the order of the decisions' ids is that of the alerts.</summary>
    private Task AlertAsync(string id)
    {
        _time.Advance(TimeSpan.FromMilliseconds(1));
        return Events().AlertAsync(
            new AlertEvent { AlertId = id, Kind = "feature_drift", Severity = "warning", Endpoint = "e", Summary = "drifted", Time = _time.GetUtcNow(), Evidence = new Dictionary<string, string>() }, default);
    }

    private async Task ReleaseAsync()
    {
        var view = (await _pipelines.FindAsync("small", version: null, default))!;
        await Events().ReleaseAsync(view, view.Definition.Triggers[0], default);
    }

    private async Task TickAsync()
    {
        var view = (await _pipelines.FindAsync("small", version: null, default))!;
        foreach (var trigger in view.Definition.Triggers)
        {
            await new CronTriggers(Gate(), _time).TickAsync(view, trigger, default);
        }
    }

    private async Task TickThroughAsync(TimeSpan span)
    {
        for (var end = _time.GetUtcNow() + span; _time.GetUtcNow() < end;)
        {
            _time.Advance(TimeSpan.FromMinutes(10));
            await TickAsync();
            await FinishAsync();
        }
    }

    /// <summary>Ends every run that waits.</summary>
    private async Task FinishAsync()
    {
        await using var context = await _contexts.CreateDbContextAsync();
        var now = _time.GetUtcNow();
        await context.Runs.Where(r => r.State == RunState.Queued).ExecuteUpdateAsync(set => set.SetProperty(r => r.State, RunState.Succeeded).SetProperty(r => r.FinishedAt, now));
    }

    private async Task<int> RunsAsync()
    {
        await using var context = await _contexts.CreateDbContextAsync();
        return await context.Runs.CountAsync();
    }

    private async Task<List<FiringRow>> FiringsAsync()
    {
        await using var context = await _contexts.CreateDbContextAsync();
        return await context.Firings.AsNoTracking().OrderBy(f => f.Id).ToListAsync();
    }
}

public sealed class SqliteTriggerTests : TriggerTests
{
    private readonly TempFolder _folder = new();

    public override ValueTask DisposeAsync()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private protected override Task<IDbContextFactory<TrainingContext>> CreateAsync()
    {
        var options = new DbContextOptionsBuilder<SqliteTrainingContext>().UseSqlite($"Data Source={_folder["metadata.db"]};Default Timeout=30").Options;
        return Task.FromResult<IDbContextFactory<TrainingContext>>(new Factory(() => new SqliteTrainingContext(options)));
    }
}

public sealed class PostgresTriggerTests(PostgresFixture postgres) : TriggerTests, IClassFixture<PostgresFixture>
{
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected override async Task<IDbContextFactory<TrainingContext>> CreateAsync()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var options = new DbContextOptionsBuilder<PostgresTrainingContext>().UseNpgsql(await postgres.Server!.CreateDatabaseAsync()).Options;
        return new Factory(() => new PostgresTrainingContext(options));
    }
}
