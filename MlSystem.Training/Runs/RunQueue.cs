using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>
/// The durable queue of runs. A worker claims a run for a limited time and keeps it by heartbeats; a run whose worker is gone
/// is claimed again. No more runs of a pipeline run at a time than its definition allows. Workers' clocks must agree to well within the lease.
/// </summary>
public sealed class RunQueue(IDbContextFactory<TrainingContext> contexts, IOptions<RunOptions> options, TimeProvider time, RunSignal signal)
{
    /// <summary>Candidates looked at in one go; more wait for the next look.</summary>
    private const int Candidates = 16;

    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Adds a run of one version of a pipeline to the queue.</summary>
    public async Task<RunRow> EnqueueAsync(string pipeline, int version, RunTrigger trigger, CancellationToken cancellationToken, int concurrency = 1)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var run = Add(context, pipeline, version, trigger, sample: null, concurrency);
        await context.SaveChangesAsync(cancellationToken);
        signal.Pulse();
        return run;
    }

    /// <summary>Adds a queued run to a context that the caller saves.</summary>
    internal RunRow Add(TrainingContext context, string pipeline, int version, RunTrigger trigger, string? sample, int concurrency = 1)
    {
        var run = new RunRow
        {
            Id = Guid.CreateVersion7(Now).ToString(),
            Pipeline = pipeline,
            PipelineVersion = version,
            Sample = sample,
            State = RunState.Queued,
            TriggerKind = trigger.Kind,
            TriggerEvidence = trigger.Evidence,
            CreatedAt = Now,
            LastEvent = 1,
            Concurrency = concurrency,
        };
        context.Runs.Add(run);
        RunJournal.Created(context, run, Now);
        return run;
    }

    /// <summary>Claims the first run that may run, or returns null.</summary>
    public async Task<RunLease?> TryClaimAsync(string owner, CancellationToken cancellationToken)
    {
        foreach (var id in await ReadyAsync(cancellationToken))
        {
            if (await TryClaimAsync(id, owner, cancellationToken) is { } lease)
            {
                signal.Pulse();
                return lease;
            }
        }

        return null;
    }

    /// <summary>Prolongs a lease.</summary>
    /// <exception cref="LeaseLostException">The run is no longer this worker's.</exception>
    public async Task<Heartbeat> HeartbeatAsync(RunLease lease, CancellationToken cancellationToken)
    {
        var until = Now + options.Value.LeaseDuration;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var kept = await context.Runs.Where(Held(lease)).ExecuteUpdateAsync(set => set.SetProperty(r => r.LeaseUntil, until), cancellationToken);
        var run = await context.Runs.AsNoTracking().SingleAsync(r => r.Id == lease.RunId, cancellationToken);
        if (kept == 1)
        {
            return run.CancelRequested ? Heartbeat.CancelRequested : Heartbeat.Kept;
        }

        // A claim counts the lease on, and only a claimed run is moved by its worker: under this number the end is the holder's own.
        return run.LeaseNumber == lease.Number && RunState.IsFinal(run.State) ? Heartbeat.Ended : throw new LeaseLostException(lease.RunId);
    }

    /// <summary>
    /// Ends all leases. Only right where no other process can hold one: on the embedded database at start-up,
    /// so that a run interrupted by a crash goes on at once instead of after its lease.
    /// </summary>
    public async Task ExpireAllAsync(CancellationToken cancellationToken)
    {
        var before = Now - TimeSpan.FromMilliseconds(1);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Runs.Where(r => r.State == RunState.Running)
            .ExecuteUpdateAsync(set => set.SetProperty(r => r.LeaseUntil, before), cancellationToken);
    }

    /// <summary>The condition under which a worker may still write.</summary>
    internal static Expression<Func<RunRow, bool>> Held(RunLease lease) =>
        run => run.Id == lease.RunId && run.LeaseNumber == lease.Number && run.State == RunState.Running;

    /// <summary>
    /// Changes one run in a transaction, if <paramref name="guard"/> holds. Counting the event first takes the row's lock,
    /// so that the guard still holds when the change is written.
    /// </summary>
    /// <returns>The changed run, or null when the guard did not hold.</returns>
    internal async Task<RunRow?> ChangeAsync(
        Expression<Func<RunRow, bool>> guard, Func<TrainingContext, RunRow, Task> change, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var counted = await context.Runs.Where(guard)
            .ExecuteUpdateAsync(set => set.SetProperty(r => r.LastEvent, r => r.LastEvent + 1), cancellationToken);
        if (counted == 0)
        {
            return null;
        }

        var run = await context.Runs.SingleAsync(guard, cancellationToken);
        await change(context, run);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Pulse();
        return run;
    }

    private async Task<List<string>> ReadyAsync(CancellationToken cancellationToken)
    {
        var now = Now;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Runs
            .Where(r => (r.State == RunState.Running && r.LeaseUntil < now)
                || (r.State == RunState.Queued && context.Runs.Count(o => o.Pipeline == r.Pipeline && o.State == RunState.Running) < r.Concurrency))
            .OrderBy(r => r.Id).Select(r => r.Id).Take(Candidates).ToListAsync(cancellationToken);
    }

    private async Task<RunLease?> TryClaimAsync(string id, string owner, CancellationToken cancellationToken)
    {
        var now = Now;
        try
        {
            var run = await ChangeAsync(
                r => r.Id == id && (r.State == RunState.Queued || (r.State == RunState.Running && r.LeaseUntil < now)),
                async (context, run) =>
                {
                    run.Slot = run.State == RunState.Running ? run.Slot : await FreeSlotAsync(context, run, cancellationToken);
                    run.LeaseOwner = owner;
                    run.LeaseUntil = now + options.Value.LeaseDuration;
                    run.LeaseNumber++;
                    run.StartedAt ??= now;
                    RunJournal.Move(context, run, RunState.Running, now);
                },
                cancellationToken);
            return run is null ? null : new RunLease(run.Id, run.LeaseNumber);
        }
        catch (DbUpdateException error) when (error.IsDuplicate())
        {
            // Another run of the same pipeline was claimed in between.
            return null;
        }
        catch (NoSlotException)
        {
            return null;
        }
    }

    private static async Task<int> FreeSlotAsync(TrainingContext context, RunRow run, CancellationToken cancellationToken)
    {
        var taken = await context.Runs.Where(r => r.Pipeline == run.Pipeline && r.State == RunState.Running).Select(r => r.Slot).ToListAsync(cancellationToken);
        var free = Enumerable.Range(0, run.Concurrency).Except(taken).Take(1).ToList();
        return taken.Count < run.Concurrency && free.Count > 0 ? free[0] : throw new NoSlotException();
    }

    /// <summary>As many runs of the pipeline run as may: the claim is rolled back.</summary>
    private sealed class NoSlotException : Exception;
}
