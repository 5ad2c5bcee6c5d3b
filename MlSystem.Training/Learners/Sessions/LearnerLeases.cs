using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Training.Learners.Storage;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Learners.Sessions;

/// <summary>Who runs which learner: at most one owner, and its writes carry the number of its claim.</summary>
internal sealed class LearnerLeases(IDbContextFactory<TrainingContext> contexts, IOptions<LearnerOptions> options, TimeProvider time)
{
    /// <summary>Names of learners that have something to do and no owner.</summary>
    public async Task<IReadOnlyList<string>> FreeAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Learners.Where(l => l.LeaseUntil < now).Where(l => l.State == LearnerState.Running || l.Rollback != null || l.SnapshotRequested
                || context.LearnerSnapshots.Any(s => s.LearnerId == l.Id && s.State == Snapshots.SnapshotState.Pending))
            .OrderBy(l => l.Name).Select(l => l.Name).ToListAsync(cancellationToken);
    }

    /// <returns>Null when somebody else was faster.</returns>
    public async Task<LearnerLease?> TryClaimAsync(string name, string owner, CancellationToken cancellationToken)
    {
        var (now, until) = (time.GetUtcNow(), time.GetUtcNow() + options.Value.LeaseDuration);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var learner = await context.Learners.AsNoTracking().SingleOrDefaultAsync(l => l.Name == name, cancellationToken);
        if (learner is null)
        {
            return null;
        }

        var claimed = await context.Learners.Where(l => l.Name == name && l.LeaseNumber == learner.LeaseNumber && l.LeaseUntil < now).ExecuteUpdateAsync(
            set => set.SetProperty(l => l.LeaseNumber, l => l.LeaseNumber + 1).SetProperty(l => l.LeaseUntil, until).SetProperty(l => l.LeaseOwner, owner), cancellationToken);
        return claimed == 1 ? new LearnerLease(name, learner.Id, learner.LeaseNumber + 1) : null;
    }

    /// <summary>Prolongs a lease.</summary>
    /// <returns>What is wanted of the learner now.</returns>
    /// <exception cref="LearnerLostException">Another has it, or it is no more.</exception>
    public async Task<LearnerRecord> BeatAsync(LearnerLease lease, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await BeatAsync(context, lease, cancellationToken);
        return await context.Learners.AsNoTracking().SingleAsync(l => l.Name == lease.Name, cancellationToken);
    }

    /// <summary>Prolongs within the caller's transaction, which so has the row's lock.</summary>
    public async Task BeatAsync(TrainingContext context, LearnerLease lease, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + options.Value.LeaseDuration;
        if (await context.Learners.Where(l => l.Name == lease.Name && l.LeaseNumber == lease.Number)
            .ExecuteUpdateAsync(set => set.SetProperty(l => l.LeaseUntil, until), cancellationToken) == 0)
        {
            throw new LearnerLostException(lease.Name);
        }
    }

    /// <summary>Gives a lease back, with the reason when the learner can't go on.</summary>
    public async Task ReleaseAsync(LearnerLease lease, string? failure, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Learners.Where(l => l.Name == lease.Name && l.LeaseNumber == lease.Number).ExecuteUpdateAsync(
            set =>
            {
                set.SetProperty(l => l.LeaseUntil, DateTimeOffset.UnixEpoch).SetProperty(l => l.LeaseOwner, (string?)null);
                if (failure is not null)
                {
                    set.SetProperty(l => l.State, LearnerState.Failed).SetProperty(l => l.Error, failure);
                }
            },
            cancellationToken);
    }

    /// <summary>Ends all leases: right where no other process can hold one, on the embedded database at start.</summary>
    public async Task ExpireAllOnSqliteAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (context is SqliteTrainingContext)
        {
            await context.Learners.ExecuteUpdateAsync(set => set.SetProperty(l => l.LeaseUntil, DateTimeOffset.UnixEpoch), cancellationToken);
        }
    }
}

/// <summary>A claim on a learner.</summary>
/// <param name="Id">The learner's id.</param>
internal sealed record LearnerLease(string Name, string Id, long Number);

/// <summary>The learner is no longer this owner's: another claimed it, its definition changed, or it was deleted.</summary>
internal sealed class LearnerLostException(string name) : Exception($"The lease of learner '{name}' is lost.");
