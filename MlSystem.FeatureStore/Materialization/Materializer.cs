using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Jobs;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Online;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>
/// Brings the newest offline row of every entity within a range of event times to the online store. A newer online row stays, so a
/// materialization can run beside pushes and can be repeated. Progress is saved after every few partitions; a killed one goes on behind it.
/// </summary>
public sealed partial class Materializer(
    CatalogStore catalog, OfflineProgress offline, LatestRows latest, OnlineStore online, MaterializationWindows windows, RuleGate gate,
    FeatureStoreMetrics metrics, IOptions<FeatureStoreOptions> options, TimeProvider time, ILogger<Materializer> logger) : IJobHandler
{
    public const string JobKind = "materialization";

    /// <summary>Batches on their way at once: the next are read and packed while the online store takes these.</summary>
    private const int Writers = 4;

    public string Kind => JobKind;

    public async Task RunAsync(JobRun job, CancellationToken cancellationToken)
    {
        var request = MaterializationRequest.Of(job.Request);
        var progress = MaterializationProgress.Of(job.Progress);
        foreach (var view in request.FeatureViews.Where(view => !progress.Views.TryGetValue(view, out var known) || !JobState.IsFinal(known.State)))
        {
            await RunAsync(job, request, progress, view, cancellationToken);
        }

        if (progress.Views.Where(view => view.Value.State == JobState.Failed).Select(view => $"{view.Key}: {view.Value.Message}").ToArray() is { Length: > 0 } failed)
        {
            throw new JobFailedException(string.Join("; ", failed));
        }
    }

    private async Task RunAsync(JobRun job, MaterializationRequest request, MaterializationProgress progress, string name, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        Task SaveAsync(ViewProgress now)
        {
            progress.Views[name] = now;
            return job.SaveAsync(progress.Text(), cancellationToken);
        }

        if (!(await catalog.RefreshAsync(cancellationToken)).Views.TryGetValue(name, out var view) || view.Definition is not { Online: true, Offline: true })
        {
            await SaveAsync(new ViewProgress { State = JobState.Failed, Message = "the feature view was deleted or is no longer online and offline", Window = new(0, 0, 0) });
            metrics.Materialized(name, success: false, time.GetElapsedTime(started));
            return;
        }

        if (!progress.Views.TryGetValue(name, out var at))
        {
            await offline.CatchUpAsync(cancellationToken);
            if (await windows.NextAsync(name, request.StartUs, request.EndUs, cancellationToken) is not { } window)
            {
                await SaveAsync(new ViewProgress { State = JobState.Succeeded, Message = "nothing is left up to the end", Window = new(request.EndUs, request.EndUs, 0) });
                return;
            }

            await SaveAsync(at = new ViewProgress { Window = window });
        }

        if (at.PartitionsDone == 0)
        {
            at = at with { Warnings = await gate.AskAsync(view, at.Window, cancellationToken) is { Count: > 0 } warnings ? warnings : null };
            if (at.Warnings?.Any(warning => warning.StartsWith(RuleGate.Blocked, StringComparison.Ordinal)) == true)
            {
                await SaveAsync(at with { State = JobState.Failed, Message = string.Join("; ", at.Warnings) });
                metrics.Materialized(name, success: false, time.GetElapsedTime(started));
                return;
            }
        }

        at = await CopyAsync(view, at, SaveAsync, cancellationToken);
        await windows.DoneAsync(name, at.Window, at.Entities, cancellationToken);
        await SaveAsync(at with { State = JobState.Succeeded });
        metrics.Materialized(name, success: true, time.GetElapsedTime(started));
        var end = UnixTime.FromMicroseconds(at.Window.EndUs);
        LogMaterialized(name, at.Entities, at.RowsRead, end);
    }

    private async Task<ViewProgress> CopyAsync(FeatureView view, ViewProgress at, Func<ViewProgress, Task> saveAsync, CancellationToken cancellationToken)
    {
        using var snapshot = await windows.FilesAsync(view.Name, at.Window, cancellationToken);
        var left = snapshot.Files.Where(file => at.DoneFrom is null || file.Date < at.DoneFrom).ToArray();
        at = at with
        {
            Partitions = at.PartitionsDone + left.Select(file => file.Date).Distinct().Count(),
            Rows = at.RowsRead + left.Sum(file => file.Rows),
        };
        await saveAsync(at);
        foreach (var part in Parts(left))
        {
            var (entities, written) = await CopyAsync(view, at.Window, part, cancellationToken);
            at = at with
            {
                DoneFrom = part[^1].Date,
                PartitionsDone = at.PartitionsDone + part.Select(file => file.Date).Distinct().Count(),
                RowsRead = at.RowsRead + part.Sum(file => file.Rows),
                Entities = at.Entities + entities,
                Written = at.Written + written,
            };
            await saveAsync(at);
        }

        return at;
    }

    /// <summary>Whole partitions, the newest first, as many at once as make a good number of rows: an entity's row is sent once for all of them.</summary>
    private IEnumerable<IReadOnlyList<OfflineFile>> Parts(IEnumerable<OfflineFile> files)
    {
        var part = new List<OfflineFile>();
        foreach (var partition in files.GroupBy(file => file.Date).OrderByDescending(partition => partition.Key))
        {
            if (part.Count > 0 && part.Sum(file => file.Rows) + partition.Sum(file => file.Rows) > options.Value.MaterializePartRows)
            {
                yield return part;
                part = [];
            }

            part.AddRange(partition);
        }

        if (part.Count > 0)
        {
            yield return part;
        }
    }

    private async Task<(long Entities, long Written)> CopyAsync(FeatureView view, MaterializationWindow window, IReadOnlyList<OfflineFile> files, CancellationToken cancellationToken)
    {
        long entities = 0, written = 0;
        var batches = latest.ReadAsync(view, MaterializationWindows.Condition(window), [.. files.Select(file => file.Path)], options.Value.MaterializeBatchRows, cancellationToken);
        await Parallel.ForEachAsync(batches, new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = cancellationToken }, async (batch, cancel) =>
        {
            Interlocked.Add(ref written, await online.WriteAsync(batch, cancel));
            Interlocked.Add(ref entities, batch.Count);
        });
        metrics.OnlineRows.Add(entities);
        return (entities, written);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Materialized {Entities} entities of feature view {View} out of {Rows} rows up to {End}")]
    private partial void LogMaterialized(string view, long entities, long rows, DateTimeOffset end);
}
