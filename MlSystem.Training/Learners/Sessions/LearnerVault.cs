using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Learners.Snapshots;
using MlSystem.Training.Learners.Storage;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Learners.Sessions;

/// <summary>
/// Stores weights, metrics, offsets, join buffer and new snapshots in one transaction under the owner's lease: that is what
/// makes the effect of each event count once.
/// </summary>
internal sealed class LearnerVault(IDbContextFactory<TrainingContext> contexts, LearnerLeases leases, TimeProvider time)
{
    private const int Chunk = 500;

    public async Task<(byte[]? State, LearnerProgress Progress, List<LearnerPendingRow> Pending)> LoadAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var state = await context.LearnerStates.AsNoTracking().SingleOrDefaultAsync(s => s.LearnerId == id, cancellationToken);
        var progress = state is null ? new LearnerProgress() : Progress(state.Progress);
        return (state?.Data, progress, await context.LearnerPending.AsNoTracking().Where(p => p.LearnerId == id).ToListAsync(cancellationToken));
    }

    public async Task<byte[]?> SnapshotDataAsync(string id, int number, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.LearnerSnapshots.Where(s => s.LearnerId == id && s.Number == number).Select(s => s.Data).SingleOrDefaultAsync(cancellationToken);
    }

    /// <param name="keep">Take a snapshot and keep the data of so many; null: none.</param>
    /// <param name="rolledBack">The rollback that this state has done.</param>
    /// <exception cref="LearnerLostException">The lease is another's; nothing was stored.</exception>
    public async Task SaveAsync(LearnerLease lease, byte[] data, LearnerProgress progress, JoinBuffer join, int? keep, int? rolledBack, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await leases.BeatAsync(context, lease, cancellationToken);
        var json = JsonSerializer.Serialize(progress, LearnerJson.Default.LearnerProgress);
        if (await context.LearnerStates.Where(s => s.LearnerId == lease.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.Data, data).SetProperty(s => s.Progress, json), cancellationToken) == 0)
        {
            context.LearnerStates.Add(new LearnerStateRow { LearnerId = lease.Id, Data = data, Progress = json });
        }

        foreach (var ids in join.Changed.Chunk(Chunk))
        {
            await context.LearnerPending.Where(p => p.LearnerId == lease.Id && ids.Contains(p.PredictionId)).ExecuteDeleteAsync(cancellationToken);
        }

        context.LearnerPending.AddRange(join.ChangedEntries);
        if (keep is { } count)
        {
            await SnapshotAsync(context, lease, data, json, count, cancellationToken);
        }

        if (rolledBack is not null)
        {
            await context.Learners.Where(l => l.Name == lease.Name && l.Rollback == rolledBack).ExecuteUpdateAsync(set => set.SetProperty(l => l.Rollback, (int?)null), cancellationToken);
        }

        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public static LearnerProgress Progress(string json) => JsonSerializer.Deserialize(json, LearnerJson.Default.LearnerProgress)!;

    private async Task SnapshotAsync(TrainingContext context, LearnerLease lease, byte[] data, string progress, int keep, CancellationToken cancellationToken)
    {
        var own = context.LearnerSnapshots.Where(s => s.LearnerId == lease.Id);
        var number = (await own.MaxAsync(s => (int?)s.Number, cancellationToken) ?? 0) + 1;
        context.LearnerSnapshots.Add(new LearnerSnapshotRow
        {
            LearnerId = lease.Id,
            Number = number,
            Data = data,
            Progress = progress,
            CreatedAt = time.GetUtcNow(),
            State = SnapshotState.Pending,
        });
        await context.Learners.Where(l => l.Name == lease.Name).ExecuteUpdateAsync(set => set.SetProperty(l => l.SnapshotRequested, false), cancellationToken);

        // A registry that is away long must not fill the disk: what has fallen out of the kept ones is not registered any more.
        await own.Where(s => s.Number <= number - keep && s.State == SnapshotState.Pending)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.State, SnapshotState.Superseded).SetProperty(s => s.Reason, "newer snapshots came before the registry could be reached"), cancellationToken);
        await own.Where(s => s.Number <= number - keep && s.Data != null).ExecuteUpdateAsync(set => set.SetProperty(s => s.Data, (byte[]?)null), cancellationToken);
    }
}
