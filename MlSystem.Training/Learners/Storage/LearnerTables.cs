using Microsoft.EntityFrameworkCore;

namespace MlSystem.Training.Learners.Storage;

/// <summary>A learner: its definition, what is wanted of it, and who runs it.</summary>
internal sealed class LearnerRecord
{
    public required string Name { get; init; }

    /// <summary>UUIDv7; another one when a name is used again, so that old events and states never mix with new ones.</summary>
    public required string Id { get; init; }

    /// <summary>As canonical JSON.</summary>
    public required string Definition { get; set; }

    /// <summary>One of <see cref="LearnerState"/>.</summary>
    public required string State { get; set; }

    public string? Error { get; set; }

    /// <summary>Number of the snapshot whose weights are wanted back.</summary>
    public int? Rollback { get; set; }

    public bool SnapshotRequested { get; set; }

    public string? LeaseOwner { get; set; }

    public DateTimeOffset LeaseUntil { get; set; }

    /// <summary>Counts claims and changes of the definition: who holds an older number may not write.</summary>
    public long LeaseNumber { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Weights, metrics and the consumed offsets: always written together.</summary>
internal sealed class LearnerStateRow
{
    public required string LearnerId { get; init; }

    public required byte[] Data { get; set; }

    /// <summary><see cref="Sessions.LearnerProgress"/> as JSON.</summary>
    public required string Progress { get; set; }
}

/// <summary>A learner as it was at some row.</summary>
internal sealed class LearnerSnapshotRow
{
    public required string LearnerId { get; init; }

    /// <summary>1, 2, 3 … within the learner.</summary>
    public required int Number { get; init; }

    /// <summary>The learner's state; null when it is not kept any longer.</summary>
    public byte[]? Data { get; set; }

    /// <summary><see cref="Sessions.LearnerProgress"/> as JSON.</summary>
    public required string Progress { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>One of <see cref="Snapshots.SnapshotState"/>.</summary>
    public required string State { get; set; }

    public string? Reason { get; set; }

    public int? ModelVersion { get; set; }

    public string? TrackingRunId { get; set; }
}

/// <summary>A prediction or a label that waits for the other, or a pair that was learnt.</summary>
internal sealed class LearnerPendingRow
{
    public required string LearnerId { get; init; }

    /// <summary><c>{request_id}/{row}</c>.</summary>
    public required string PredictionId { get; init; }

    /// <summary>The inputs as JSON; null while the prediction is not there, and once it was learnt.</summary>
    public string? Inputs { get; init; }

    /// <summary>The label as JSON; null while it is not there, and once it was learnt.</summary>
    public string? Label { get; init; }

    public required DateTimeOffset Time { get; init; }
}

internal static class LearnerState
{
    public const string Running = "running";
    public const string Paused = "paused";
    public const string Failed = "failed";
}

internal static class LearnerTables
{
    public static void Configure(ModelBuilder model)
    {
        model.Entity<LearnerRecord>(learner =>
        {
            learner.ToTable("learners");
            learner.HasKey(l => l.Name);
        });
        model.Entity<LearnerStateRow>(state =>
        {
            state.ToTable("learner_states");
            state.HasKey(s => s.LearnerId);
        });
        model.Entity<LearnerSnapshotRow>(snapshot =>
        {
            snapshot.ToTable("learner_snapshots");
            snapshot.HasKey(s => new { s.LearnerId, s.Number });
            snapshot.HasIndex(s => s.State);
        });
        model.Entity<LearnerPendingRow>(pending =>
        {
            pending.ToTable("learner_pending");
            pending.HasKey(p => new { p.LearnerId, p.PredictionId });
        });
    }
}
