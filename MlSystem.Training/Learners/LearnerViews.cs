using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Sessions;

namespace MlSystem.Training.Learners;

/// <summary>A learner as the API shows it.</summary>
/// <param name="State"><c>running</c>, <c>paused</c> or <c>failed</c>.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Owner">The process that runs it; absent while none does.</param>
/// <param name="RollbackTo">A snapshot whose weights are about to be taken back.</param>
/// <param name="Progress">As of its last checkpoint; absent before the first.</param>
public sealed record LearnerView(
    string Name, string Id, string State, string? Error, string? Owner, int? RollbackTo, DateTimeOffset CreatedAt, LearnerDefinition Definition, LearnerProgress? Progress);

public sealed record LearnerList(IReadOnlyList<LearnerView> Learners);

/// <summary>A snapshot.</summary>
/// <param name="State"><c>pending</c>, <c>registered</c>, <c>refused</c>, <c>failed</c> or <c>superseded</c>.</param>
/// <param name="CanRollBack">Whether its weights are still kept.</param>
public sealed record SnapshotView(int Number, string State, string? Reason, int? Version, string? TrackingRunId, DateTimeOffset CreatedAt, long Rows, bool CanRollBack, IReadOnlyDictionary<string, double> Metrics);

/// <summary>Newest first.</summary>
public sealed record SnapshotList(IReadOnlyList<SnapshotView> Snapshots);

/// <summary>Rows that are durable in the event log.</summary>
public sealed record RowsAccepted(int Accepted);

/// <param name="Snapshot">Its number.</param>
public sealed record RollbackRequest(int Snapshot);
