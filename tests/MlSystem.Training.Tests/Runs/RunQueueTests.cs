using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Contracts;
using MlSystem.Testing;
using MlSystem.Training.Runs;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Tests.Runs;

/// <summary>The queue's contract, over both databases.</summary>
public abstract class RunQueueTests : IAsyncLifetime
{
    private static readonly RunTrigger Manual = new() { Kind = "manual", Evidence = "test" };
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
    private RunQueue _queue = null!;
    private RunLedger _ledger = null!;
    private RunCommands _commands = null!;
    private RunReader _reader = null!;

    private protected IDbContextFactory<TrainingContext> Contexts { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await CreateAsync();
        await using (var context = await Contexts.CreateDbContextAsync())
        {
            await context.Database.MigrateAsync();
        }

        var options = Options.Create(new RunOptions { LeaseDuration = TimeSpan.FromSeconds(15) });
        _queue = new RunQueue(Contexts, options, _time, new RunSignal(_time));
        _ledger = new RunLedger(_queue, Contexts, _time);
        _commands = new RunCommands(_queue, _time);
        _reader = new RunReader(Contexts);
    }

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task Runs_are_claimed_in_order_and_one_of_a_pipeline_at_a_time()
    {
        var first = await EnqueueAsync("a");
        var second = await EnqueueAsync("a");
        var other = await EnqueueAsync("b");
        var lease = (await ClaimAsync())!;
        Assert.Equal(first, lease.RunId);
        Assert.Equal(other, (await ClaimAsync())!.RunId);
        Assert.Null(await ClaimAsync());
        await _ledger.SucceedAsync(lease, default);
        Assert.Equal(second, (await ClaimAsync())!.RunId);
    }

    [Fact]
    public async Task Many_workers_claim_every_run_exactly_once()
    {
        var runs = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            runs.Add(await EnqueueAsync($"pipeline{i % 10}"));
        }

        var claimed = new List<string>();
        for (var round = 0; round < 2; round++)
        {
            var leases = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() => ClaimAllAsync($"worker{worker}"))));
            var all = leases.SelectMany(l => l).ToList();

            // Ten pipelines, so ten at most run together, whoever asks.
            Assert.Equal(10, all.Count);
            Assert.Equal(10, all.Select(l => l.RunId).Distinct().Count());
            claimed.AddRange(all.Select(l => l.RunId));
            foreach (var lease in all)
            {
                await _ledger.SucceedAsync(lease, default);
            }
        }

        Assert.Equal(runs.Order(), claimed.Order());
    }

    [Fact]
    public async Task A_run_whose_worker_is_silent_is_claimed_again_and_the_old_worker_writes_nothing_more()
    {
        var id = await EnqueueAsync("a");
        var old = (await ClaimAsync("old"))!;
        await _ledger.OpenAsync(old, ["join"], default);
        _time.Advance(TimeSpan.FromSeconds(14));
        Assert.Equal(Heartbeat.Kept, await _queue.HeartbeatAsync(old, default));
        _time.Advance(TimeSpan.FromSeconds(14));
        Assert.Null(await ClaimAsync("new"));
        _time.Advance(TimeSpan.FromSeconds(2));
        var next = (await ClaimAsync("new"))!;
        Assert.Equal((id, old.Number + 1), (next.RunId, next.Number));
        await Assert.ThrowsAsync<LeaseLostException>(() => _queue.HeartbeatAsync(old, default));
        await Assert.ThrowsAsync<LeaseLostException>(() => _ledger.BeginStepAsync(old, 0, 0, null, default));
        await Assert.ThrowsAsync<LeaseLostException>(() => _ledger.SucceedAsync(old, default));
        await _ledger.BeginStepAsync(next, 0, 0, null, default);
        Assert.Equal(1, Assert.Single((await _reader.FindAsync(id, default))!.Steps!).Attempts);
    }

    [Theory]
    [InlineData(RunState.Succeeded)]
    [InlineData(RunState.Failed)]
    [InlineData(RunState.Cancelled)]
    public async Task The_heartbeat_of_a_run_that_its_own_worker_has_ended_loses_nothing(string end)
    {
        await EnqueueAsync("a");
        var lease = (await ClaimAsync())!;
        await (end switch
        {
            RunState.Succeeded => _ledger.SucceedAsync(lease, default),
            RunState.Failed => _ledger.FailAsync(lease, "join", "no", default),
            _ => _ledger.CancelAsync(lease, default),
        });

        Assert.Equal(Heartbeat.Ended, await _queue.HeartbeatAsync(lease, default));
    }

    [Fact]
    public async Task The_heartbeat_of_a_run_that_another_worker_has_ended_is_refused()
    {
        await EnqueueAsync("a");
        var old = (await ClaimAsync("old"))!;
        _time.Advance(TimeSpan.FromSeconds(16));
        await _ledger.SucceedAsync((await ClaimAsync("new"))!, default);

        await Assert.ThrowsAsync<LeaseLostException>(() => _queue.HeartbeatAsync(old, default));
    }

    [Fact]
    public async Task A_released_run_goes_back_to_its_place()
    {
        var first = await EnqueueAsync("a");
        await EnqueueAsync("a");
        await _ledger.ReleaseAsync((await ClaimAsync())!, default);
        Assert.Equal(first, (await ClaimAsync())!.RunId);
    }

    [Fact]
    public async Task A_queued_run_is_cancelled_at_once_and_a_running_one_through_its_worker()
    {
        var queued = await EnqueueAsync("a");
        Assert.Equal(RunState.Cancelled, (await _commands.CancelAsync(queued, "me", default))!.State);
        Assert.Null(await ClaimAsync());
        Assert.Null(await _commands.CancelAsync(queued, "me", default));

        var running = await EnqueueAsync("a");
        var lease = (await ClaimAsync())!;
        Assert.Equal(RunState.Running, (await _commands.CancelAsync(running, "me", default))!.State);
        Assert.Equal(Heartbeat.CancelRequested, await _queue.HeartbeatAsync(lease, default));
        await _ledger.CancelAsync(lease, default);
        Assert.Equal("Cancelled by me.", (await _reader.FindAsync(running, default))!.Error);
        Assert.Equal(RunState.Queued, (await _commands.RetryAsync(running, default))!.State);
        Assert.Equal(Heartbeat.Kept, await _queue.HeartbeatAsync((await ClaimAsync())!, default));
    }

    [Fact]
    public async Task Every_change_is_told_once_and_in_order_to_watchers_and_to_the_outbox()
    {
        var id = await EnqueueAsync("a");
        var lease = (await ClaimAsync())!;
        await _ledger.OpenAsync(lease, ["join"], default);
        await _ledger.BeginStepAsync(lease, 0, 0, null, default);
        await _ledger.FailAttemptAsync(lease, 0, "no", again: false, 0, default);
        await _ledger.FailAsync(lease, "join", "no", default);
        await _commands.RetryAsync(id, default);
        var events = await _reader.EventsAsync(id, 0, default).ToListAsync();
        Assert.Equal([1, 2, 3, 4, 5, 6], events.Select(e => e.Sequence));
        Assert.Equal(["state", "state", "step", "step", "state", "state"], events.Select(e => e.Type));
        await using var context = await Contexts.CreateDbContextAsync();
        var told = await context.Outbox.OrderBy(o => o.Id).ToListAsync();
        Assert.Equal(
            ["queued", "running", "failed", "queued"],
            told.Select(o => System.Text.Json.JsonSerializer.Deserialize(o.Payload, ContractsJson.Default.RunEvent)!.State));
        Assert.All(told, o => Assert.Equal((Topics.Runs, id), (o.Topic, o.Key)));
        Assert.Equal(4, told.Select(o => o.EventId).Distinct().Count());
    }

    [Fact]
    public async Task Runs_of_a_pipeline_are_listed_newest_first_in_pages()
    {
        var runs = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            runs.Add(await EnqueueAsync("a"));
        }

        var page = await _reader.OfPipelineAsync("a", 2, before: null, default);
        Assert.Equal([runs[4], runs[3]], page.Select(r => r.RunId));
        Assert.Equal([runs[2], runs[1]], (await _reader.OfPipelineAsync("a", 2, page[^1].RunId, default)).Select(r => r.RunId));
    }

    private protected abstract Task CreateAsync();

    private async Task<string> EnqueueAsync(string pipeline)
    {
        // Ids order by their millisecond.
        _time.Advance(TimeSpan.FromMilliseconds(1));
        return (await _queue.EnqueueAsync(pipeline, 1, Manual, default)).Id;
    }

    private Task<RunLease?> ClaimAsync(string owner = "worker") => _queue.TryClaimAsync(owner, default);

    private async Task<List<RunLease>> ClaimAllAsync(string owner)
    {
        List<RunLease> leases = [];
        while (await ClaimAsync(owner) is { } lease)
        {
            leases.Add(lease);
        }

        return leases;
    }
}

public sealed class SqliteRunQueueTests : RunQueueTests
{
    private readonly TempFolder _folder = new();

    public override ValueTask DisposeAsync()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private protected override Task CreateAsync()
    {
        var options = new DbContextOptionsBuilder<SqliteTrainingContext>().UseSqlite($"Data Source={_folder["metadata.db"]};Default Timeout=30").Options;
        Contexts = new Factory(() => new SqliteTrainingContext(options));
        return Task.CompletedTask;
    }
}

public sealed class PostgresRunQueueTests(PostgresFixture postgres) : RunQueueTests, IClassFixture<PostgresFixture>
{
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected override async Task CreateAsync()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var options = new DbContextOptionsBuilder<PostgresTrainingContext>().UseNpgsql(await postgres.Server!.CreateDatabaseAsync()).Options;
        Contexts = new Factory(() => new PostgresTrainingContext(options));
    }
}

public sealed class PostgresFixture : IAsyncLifetime
{
    public PostgresServer? Server { get; private set; }

    public async ValueTask InitializeAsync() => Server = PostgresServer.Missing is null ? await PostgresServer.StartAsync() : null;

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }
}

internal sealed class Factory(Func<TrainingContext> create) : IDbContextFactory<TrainingContext>
{
    public TrainingContext CreateDbContext() => create();
}
