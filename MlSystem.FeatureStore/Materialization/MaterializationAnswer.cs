using MlSystem.FeatureStore.Jobs;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>Materializations, newest first.</summary>
public sealed record MaterializationList(IReadOnlyList<MaterializationAnswer> Materializations);

/// <summary>A materialization as its API tells it.</summary>
/// <param name="State"><c>queued running succeeded failed cancelled</c>.</param>
/// <param name="Mode"><c>full</c> or <c>incremental</c>.</param>
/// <param name="Start">Exclusive; absent: behind the last one.</param>
/// <param name="End">Inclusive.</param>
/// <param name="Schedule">The feature view whose schedule asked for it.</param>
/// <param name="Error">Why it failed, or why it waits to be tried again.</param>
/// <param name="Progress">Share of the rows that are done, 0 to 1.</param>
public sealed record MaterializationAnswer(
    string Id, string State, string Mode, DateTimeOffset? Start, DateTimeOffset End, string? Schedule, string CreatedBy, DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, string? Error, double Progress, IReadOnlyList<MaterializedView> Views)
{
    public static MaterializationAnswer Of(JobRow job)
    {
        var request = MaterializationRequest.Of(job.Request);
        var progress = MaterializationProgress.Of(job.Progress);
        MaterializedView[] views = [.. request.FeatureViews.Select(view => MaterializedView.Of(view, progress.Views.GetValueOrDefault(view)))];
        return new(
            job.Id, job.State, request.StartUs is null ? "incremental" : "full", Time(request.StartUs), UnixTime.FromMicroseconds(request.EndUs), request.Schedule, job.CreatedBy,
            UnixTime.FromMicroseconds(job.CreatedAtUs), Time(job.StartedAtUs), Time(job.FinishedAtUs), job.Error,
            job.State == JobState.Succeeded ? 1 : views.Average(view => view.State == JobState.Succeeded ? 1 : view.Rows == 0 ? 0 : (double)view.RowsRead / view.Rows), views);
    }

    private static DateTimeOffset? Time(long? us) => us is { } value ? UnixTime.FromMicroseconds(value) : null;
}

/// <summary>How far a view is.</summary>
/// <param name="Rows">Rows in the partitions to read, repeated deliveries included.</param>
/// <param name="Entities">Entities whose newest row was offered to the online store.</param>
/// <param name="Written">Those of them that were newer than what it had.</param>
/// <param name="Warnings">Rules of the view that do not hold.</param>
public sealed record MaterializedView(
    string FeatureView, string State, string? Message, DateTimeOffset? Start, DateTimeOffset? End, int Partitions, int PartitionsDone, long Rows, long RowsRead, long Entities,
    long Written, IReadOnlyList<string>? Warnings)
{
    internal static MaterializedView Of(string name, ViewProgress? at) => at is null
        ? new(name, JobState.Queued, null, null, null, 0, 0, 0, 0, 0, 0, null)
        : new(
            name, at.State, at.Message, UnixTime.FromMicroseconds(at.Window.StartUs), UnixTime.FromMicroseconds(at.Window.EndUs), at.Partitions, at.PartitionsDone, at.Rows, at.RowsRead,
            at.Entities, at.Written, at.Warnings);
}
