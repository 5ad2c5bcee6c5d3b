using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Sessions;
using MlSystem.Training.Learners.Storage;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Learners;

/// <summary>Definitions and commands of learners.</summary>
internal sealed class LearnerStore(IDbContextFactory<TrainingContext> contexts, TimeProvider time)
{
    public async Task<LearnerView?> FindAsync(string name, CancellationToken cancellationToken) =>
        (await AllAsync(name, cancellationToken)).SingleOrDefault();

    /// <param name="name">Null: all.</param>
    public async Task<IReadOnlyList<LearnerView>> AllAsync(string? name, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var learners = await context.Learners.AsNoTracking().Where(l => name == null || l.Name == name).OrderBy(l => l.Name).ToListAsync(cancellationToken);
        string[] ids = [.. learners.Select(l => l.Id)];
        var progress = await context.LearnerStates.Where(s => ids.Contains(s.LearnerId)).Select(s => new { s.LearnerId, s.Progress }).ToDictionaryAsync(s => s.LearnerId, s => s.Progress, cancellationToken);
        return [.. learners.Select(l => new LearnerView(
            l.Name, l.Id, l.State, l.Error, l.LeaseUntil > time.GetUtcNow() ? l.LeaseOwner : null, l.Rollback, l.CreatedAt,
            JsonSerializer.Deserialize(l.Definition, LearnerJson.Default.LearnerDefinition)!,
            progress.TryGetValue(l.Id, out var json) ? LearnerVault.Progress(json) : null))];
    }

    /// <summary>Defines a learner or changes its definition, which ends the lease of whoever runs the old one.</summary>
    /// <param name="reset">Whether weights, metrics and offsets may be given up where the new definition does not fit them.</param>
    /// <returns>Whether it is new, or why it can't be.</returns>
    public async Task<(bool IsNew, string? Conflict)> PutAsync(LearnerDefinition definition, bool reset, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.Serialize(definition, LearnerJson.Default.LearnerDefinition);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await context.Learners.SingleOrDefaultAsync(l => l.Name == definition.Name, cancellationToken);
        if (found is null)
        {
            context.Learners.Add(new LearnerRecord
            {
                Name = definition.Name,
                Id = Guid.CreateVersion7(time.GetUtcNow()).ToString("N"),
                Definition = json,
                State = LearnerState.Running,
                CreatedAt = time.GetUtcNow(),
            });
            await context.SaveChangesAsync(cancellationToken);
            return (true, null);
        }

        var differences = Differences(JsonSerializer.Deserialize(found.Definition, LearnerJson.Default.LearnerDefinition)!, definition);
        if (differences.Count > 0 && !reset)
        {
            return (false, $"The weights of learner '{definition.Name}' do not fit another {string.Join(", ", differences)}; repeat with ?reset=true to begin with new weights, or use another name.");
        }

        if (found.Definition != json || reset)
        {
            await ReplaceAsync(context, found, json, reset, cancellationToken);
        }

        return (false, null);
    }

    /// <summary>Sets what is wanted of a learner.</summary>
    /// <returns>Whether it is there.</returns>
    public async Task<bool> ChangeAsync(string name, Action<LearnerRecord> change, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);

        // Writing first takes the row's lock; only the changed columns are written, so that leases are not touched.
        await context.Learners.Where(l => l.Name == name).ExecuteUpdateAsync(set => set.SetProperty(l => l.State, l => l.State), cancellationToken);
        if (await context.Learners.SingleOrDefaultAsync(l => l.Name == name, cancellationToken) is not { } learner)
        {
            return false;
        }

        change(learner);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await context.Learners.AsNoTracking().SingleOrDefaultAsync(l => l.Name == name, cancellationToken) is not { } learner)
        {
            return false;
        }

        await context.Learners.Where(l => l.Name == name).ExecuteDeleteAsync(cancellationToken);
        await ForgetAsync(context, learner.Id, cancellationToken);
        await context.LearnerSnapshots.Where(s => s.LearnerId == learner.Id).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public async Task<IReadOnlyList<SnapshotView>> SnapshotsAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await context.LearnerSnapshots.Where(s => s.LearnerId == id).OrderByDescending(s => s.Number)
            .Select(s => new { s.Number, s.State, s.Reason, s.ModelVersion, s.TrackingRunId, s.CreatedAt, s.Progress, Kept = s.Data != null }).ToListAsync(cancellationToken);
        return [.. rows.Select(s => (Row: s, Progress: LearnerVault.Progress(s.Progress))).Select(s => new SnapshotView(
            s.Row.Number, s.Row.State, s.Row.Reason, s.Row.ModelVersion, s.Row.TrackingRunId, s.Row.CreatedAt, s.Progress.Rows, s.Row.Kept, s.Progress.Window))];
    }

    /// <summary>What of two definitions makes weights of the one unfit for the other.</summary>
    private static List<string> Differences(LearnerDefinition old, LearnerDefinition now)
    {
        List<string> differences = [];
        void Compare(string name, object? a, object? b)
        {
            if (!Equals(a, b))
            {
                differences.Add(name);
            }
        }

        Compare("kind", old.Kind, now.Kind);
        Compare("task", old.Task, now.Task);
        Compare("features", Shape(old.Features), Shape(now.Features));
        Compare("label.classes", string.Join('\n', old.Label.Classes), string.Join('\n', now.Label.Classes));
        Compare("metric_window", old.MetricWindow, now.MetricWindow);
        Compare("drift.detector", old.Drift.Detector, now.Drift.Detector);
        Compare("source", old.Source, now.Source);
        if (old.Kind == LearnerKind.MatrixFactorization && now.Kind == old.Kind)
        {
            Compare("parameters.factors", old.Parameter("factors"), now.Parameter("factors"));
        }

        return differences;
    }

    private static string Shape(LearnerFeatures features) => $"{features.Scaling}\n{features.Bits}\n{string.Join('\n', features.Columns())}";

    private static async Task ReplaceAsync(TrainingContext context, LearnerRecord found, string json, bool reset, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.Learners.Where(l => l.Name == found.Name).ExecuteUpdateAsync(
            set => set.SetProperty(l => l.Definition, json).SetProperty(l => l.LeaseNumber, l => l.LeaseNumber + 1).SetProperty(l => l.LeaseUntil, DateTimeOffset.UnixEpoch)
                .SetProperty(l => l.State, l => l.State == LearnerState.Failed ? LearnerState.Running : l.State).SetProperty(l => l.Error, (string?)null),
            cancellationToken);
        if (reset)
        {
            await ForgetAsync(context, found.Id, cancellationToken);
            await context.LearnerSnapshots.Where(s => s.LearnerId == found.Id).ExecuteUpdateAsync(set => set.SetProperty(s => s.Data, (byte[]?)null), cancellationToken);
            await context.LearnerSnapshots.Where(s => s.LearnerId == found.Id && s.State == Snapshots.SnapshotState.Pending)
                .ExecuteUpdateAsync(set => set.SetProperty(s => s.State, Snapshots.SnapshotState.Superseded).SetProperty(s => s.Reason, "the learner was reset"), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task ForgetAsync(TrainingContext context, string id, CancellationToken cancellationToken)
    {
        await context.LearnerStates.Where(s => s.LearnerId == id).ExecuteDeleteAsync(cancellationToken);
        await context.LearnerPending.Where(p => p.LearnerId == id).ExecuteDeleteAsync(cancellationToken);
    }
}
