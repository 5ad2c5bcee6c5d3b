using Microsoft.EntityFrameworkCore;
using MlSystem.FeatureStore.Definitions.Storage;

namespace MlSystem.FeatureStore.Jobs;

/// <summary>Jobs in the database. A running job belongs to one process as long as that renews its lease.</summary>
public sealed class JobStore(IDbContextFactory<FeatureStoreContext> contexts, JobSignal signal, TimeProvider time)
{
    /// <summary>How long a replica that is gone keeps its jobs.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    private readonly string _owner = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.CreateVersion7(time.GetUtcNow()):N}";

    private readonly Lock _ids = new();
    private DateTimeOffset _lastId;

    private long NowUs => UnixTime.Microseconds(time.GetUtcNow());

    /// <summary>Promises a job: durable when the task completes.</summary>
    /// <param name="uniqueKey">Null, or what no other job has.</param>
    /// <returns>Null: there is a job of this key already.</returns>
    public async Task<JobRow?> AddAsync(string kind, string request, string createdBy, string? uniqueKey, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var row = new JobRow
        {
            Id = Guid.CreateVersion7(Later(now)).ToString(),
            Kind = kind,
            State = JobState.Queued,
            UniqueKey = uniqueKey,
            Request = request,
            CreatedBy = createdBy,
            CreatedAtUs = UnixTime.Microseconds(now),
        };
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (uniqueKey is not null && await context.Jobs.AnyAsync(other => other.UniqueKey == uniqueKey, cancellationToken))
        {
            return null;
        }

        try
        {
            context.Jobs.Add(row);
            await context.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException) when (uniqueKey is not null)
        {
            // Another replica was faster, or the database does not answer, which the next round tells.
            return null;
        }

        signal.Raise();
        return row;
    }

    public async Task<JobRow?> FindAsync(string kind, string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Jobs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id && row.Kind == kind, cancellationToken);
    }

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<JobRow>> ListAsync(string kind, string? state, int limit, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Jobs.AsNoTracking().Where(row => row.Kind == kind && (state == null || row.State == state))
            .OrderByDescending(row => row.Id).Take(limit).ToListAsync(cancellationToken);
    }

    /// <summary>Jobs that are queued or running, oldest first.</summary>
    public async Task<IReadOnlyList<JobRow>> ActiveAsync(string kind, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Jobs.AsNoTracking().Where(row => row.Kind == kind && (row.State == JobState.Queued || row.State == JobState.Running))
            .OrderBy(row => row.Id).ToListAsync(cancellationToken);
    }

    /// <summary>A queued job is cancelled at once, a running one as soon as its process notices.</summary>
    public async Task CancelAsync(string kind, string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var nowUs = NowUs;
        await context.Jobs.Where(row => row.Id == id && row.Kind == kind && row.State == JobState.Queued)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.State, JobState.Cancelled).SetProperty(row => row.FinishedAtUs, nowUs), cancellationToken);
        await context.Jobs.Where(row => row.Id == id && row.Kind == kind && row.State == JobState.Running)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.CancelRequested, true), cancellationToken);
        signal.Raise();
    }

    /// <summary>Takes the oldest job that nobody does.</summary>
    internal async Task<JobRow?> ClaimAsync(string kind, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var (nowUs, untilUs) = (NowUs, NowUs + UnixTime.Microseconds(Lease));
        var free = context.Jobs.Where(row => row.Kind == kind && (row.State == JobState.Queued || (row.State == JobState.Running && row.LeaseUntilUs < nowUs)));
        foreach (var id in await free.OrderBy(row => row.Id).Select(row => row.Id).Take(8).ToListAsync(cancellationToken))
        {
            var claimed = await free.Where(row => row.Id == id).ExecuteUpdateAsync(
                update => update.SetProperty(row => row.State, JobState.Running).SetProperty(row => row.Owner, _owner)
                    .SetProperty(row => row.LeaseUntilUs, untilUs).SetProperty(row => row.StartedAtUs, row => row.StartedAtUs ?? nowUs),
                cancellationToken);
            if (claimed == 1)
            {
                signal.Raise();
                return await context.Jobs.AsNoTracking().SingleAsync(row => row.Id == id, cancellationToken);
            }
        }

        return null;
    }

    /// <summary>Where one process at a time has the database, whatever runs belongs to one that is dead.</summary>
    internal async Task AdoptAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (context.Database.ProviderName?.EndsWith("Sqlite", StringComparison.Ordinal) == true)
        {
            await context.Jobs.Where(row => row.State == JobState.Running && row.Owner != _owner)
                .ExecuteUpdateAsync(update => update.SetProperty(row => row.State, JobState.Queued), cancellationToken);
        }
    }

    /// <returns>False: the job is no longer this process's, or is to be cancelled.</returns>
    internal async Task<bool> RenewAsync(string id, CancellationToken cancellationToken)
    {
        var untilUs = NowUs + UnixTime.Microseconds(Lease);
        return await UpdateAsync(id, row => !row.CancelRequested, update => update.SetProperty(row => row.LeaseUntilUs, untilUs), cancellationToken);
    }

    internal async Task<bool> IsCancelRequestedAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Jobs.AnyAsync(row => row.Id == id && row.CancelRequested, cancellationToken);
    }

    internal Task<bool> SaveProgressAsync(string id, string progress, CancellationToken cancellationToken) =>
        TellAsync(id, update => update.SetProperty(row => row.Progress, progress).SetProperty(row => row.Error, (string?)null), cancellationToken);

    internal Task<bool> ReplaceRequestAsync(string id, string request, CancellationToken cancellationToken) =>
        TellAsync(id, update => update.SetProperty(row => row.Request, request), cancellationToken);

    internal Task<bool> SaveErrorAsync(string id, string error, CancellationToken cancellationToken) =>
        TellAsync(id, update => update.SetProperty(row => row.Error, error), cancellationToken);

    /// <summary>Gives a job back that a stopping process has not finished.</summary>
    internal Task<bool> ReleaseAsync(string id, CancellationToken cancellationToken) =>
        TellAsync(id, update => update.SetProperty(row => row.State, JobState.Queued), cancellationToken);

    internal async Task<bool> FinishAsync(string id, string state, string? error, CancellationToken cancellationToken)
    {
        var nowUs = NowUs;
        return await TellAsync(
            id, update => update.SetProperty(row => row.State, state).SetProperty(row => row.Error, error).SetProperty(row => row.FinishedAtUs, nowUs), cancellationToken);
    }

    /// <summary>Forgets finished jobs of a kind but the newest.</summary>
    internal async Task PruneAsync(string kind, int keep, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var oldest = await context.Jobs.Where(row => row.Kind == kind).OrderByDescending(row => row.CreatedAtUs).Select(row => (long?)row.CreatedAtUs)
            .Skip(keep).FirstOrDefaultAsync(cancellationToken);
        if (oldest is { } before)
        {
            await context.Jobs.Where(row => row.Kind == kind && row.FinishedAtUs != null && row.CreatedAtUs <= before).ExecuteDeleteAsync(cancellationToken);
        }
    }

    /// <summary>Ids of one millisecond have no order: the time in an id is later than that of the one before, so that jobs are done in the order in which they came.</summary>
    private DateTimeOffset Later(DateTimeOffset now)
    {
        lock (_ids)
        {
            return _lastId = now >= _lastId.AddMilliseconds(1) ? now : _lastId.AddMilliseconds(1);
        }
    }

    private async Task<bool> TellAsync(string id, Action<Microsoft.EntityFrameworkCore.Query.UpdateSettersBuilder<JobRow>> update, CancellationToken cancellationToken)
    {
        var updated = await UpdateAsync(id, _ => true, update, cancellationToken);
        signal.Raise();
        return updated;
    }

    private async Task<bool> UpdateAsync(
        string id, System.Linq.Expressions.Expression<Func<JobRow, bool>> when, Action<Microsoft.EntityFrameworkCore.Query.UpdateSettersBuilder<JobRow>> update, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Jobs.Where(row => row.Id == id && row.Owner == _owner && row.State == JobState.Running).Where(when).ExecuteUpdateAsync(update, cancellationToken) == 1;
    }
}
