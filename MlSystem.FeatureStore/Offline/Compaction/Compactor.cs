using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Jobs;
using MlSystem.FeatureStore.Materialization;
using MlSystem.FeatureStore.Offline.Statistics;

namespace MlSystem.FeatureStore.Offline.Compaction;

/// <summary>
/// Makes few files of many. The merged file is durable before one transaction puts it in the place of the others, so that a crash at any
/// point leaves either all of the old files or the new one, and a second replica that merges the same files loses the race without harm.
/// </summary>
public sealed partial class Compactor(
    OfflineFiles files, OfflineManifest manifest, OfflineLeases leases, Spool spool, IDbContextFactory<FeatureStoreContext> contexts,
    FeatureStoreMetrics metrics, IOptions<FeatureStoreOptions> options, TimeProvider time, ILogger<Compactor> logger)
{
    private readonly Lock _gate = new();
    private readonly HashSet<(string View, DateOnly Date)> _running = [];

    /// <summary>Merges what the plan chooses of one partition.</summary>
    /// <returns>How many files became one; 0 when there was nothing to do or somebody else is at it.</returns>
    public Task<int> CompactAsync(FeatureView view, DateOnly date, CancellationToken cancellationToken) => AloneAsync(view, date, async () =>
    {
        var live = await manifest.ReadAsync(view.Name, new OfflineRange(date, date), cancellationToken);
        var quietSinceUs = UnixTime.Microseconds(time.GetUtcNow() - TimeSpan.FromSeconds(options.Value.OfflineQuietSeconds));
        var chosen = CompactionPlan.Choose(
            live, live.All(file => file.AddedAtUs <= quietSinceUs), options.Value.OfflineCompactFiles, options.Value.OfflineTargetFileMiB * 1024L * 1024);
        return await MergeAsync(view, date, chosen, cancellationToken);
    });

    /// <summary>Merges all files of one partition, unless it is one compacted file already.</summary>
    /// <returns>How many files became one.</returns>
    public Task<int> CompactFullyAsync(FeatureView view, DateOnly date, CancellationToken cancellationToken) => AloneAsync(view, date, async () =>
    {
        var live = await manifest.ReadAsync(view.Name, new OfflineRange(date, date), cancellationToken);
        return await MergeAsync(view, date, live is [{ Compacted: true }] ? [] : live, cancellationToken);
    });

    private async Task<int> AloneAsync(FeatureView view, DateOnly date, Func<Task<int>> compact)
    {
        lock (_gate)
        {
            if (!_running.Add((view.Name, date)))
            {
                return 0;
            }
        }

        try
        {
            return await compact();
        }
        finally
        {
            lock (_gate)
            {
                _running.Remove((view.Name, date));
            }
        }
    }

    private async Task<int> MergeAsync(FeatureView view, DateOnly date, IReadOnlyList<OfflineFileRow> old, CancellationToken cancellationToken)
    {
        if (old.Count == 0)
        {
            return 0;
        }

        using var lease = leases.Take();
        var merged = await WriteAsync(view, date, old, cancellationToken);
        if (!await manifest.ReplaceAsync(old, merged, cancellationToken))
        {
            files.Delete(view.Name, date, merged.Name);
            return 0;
        }

        metrics.CompactedFiles.Add(old.Count);
        var rowsBefore = old.Sum(file => file.Rows);
        LogCompacted(view.Name, date, old.Count, rowsBefore, merged.Rows);
        return old.Count;
    }

    private async Task<OfflineFileRow> WriteAsync(FeatureView view, DateOnly date, IReadOnlyList<OfflineFileRow> old, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var name = string.Create(CultureInfo.InvariantCulture, $"{old.Min(file => file.MinLoggedUs):D16}-{Guid.CreateVersion7(now):N}{OfflineFiles.Extension}");
        var keep = await WasMaterializedBetweenAsync(view, old.Min(file => file.MinLoggedUs), old.Max(file => file.MaxLoggedUs), cancellationToken);
        await using var connection = await DuckDb.OpenAsync(spool.Folder, options.Value.CompactionMemoryMiB, cancellationToken);
        await DuckDb.ExecuteAsync(connection, "SET threads = 1", cancellationToken);
        var rows = DuckDb.Rows(view, [.. old.Select(file => files.PathOf(view.Name, date, file.Name))]);
        FileStatistics? statistics = null;
        var bytes = await files.WriteAsync(view.Name, date, name, async path =>
        {
            await CompactedFile.WriteAsync(connection, view.JoinKeys.Select(key => key.Name), rows, keep, path, cancellationToken);
            statistics = await FileStatistics.ReadAsync(connection, path, cancellationToken);
        });
        var columns = statistics!.Columns.ToDictionary(column => column.Key, column => column.Value.For(view, column.Key), StringComparer.Ordinal);
        return OfflineAdoption.RowOf(view.Name, date, name, bytes, statistics with { Columns = columns }, compacted: true, UnixTime.Microseconds(now));
    }

    private async Task<bool> WasMaterializedBetweenAsync(FeatureView view, long firstUs, long lastUs, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (await context.Jobs.AnyAsync(job => job.Kind == Materializer.JobKind && (job.State == JobState.Queued || job.State == JobState.Running), cancellationToken))
        {
            // What one under way has taken is not noted yet.
            return true;
        }

        return await context.Materializations.AnyAsync(row => row.FeatureView == view.Name && row.CompletedAtUs >= firstUs && row.CompletedAtUs <= lastUs, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Compacted {Files} files of feature view {View}, {Date}: {RowsBefore} rows are now {Rows}")]
    private partial void LogCompacted(string view, DateOnly date, int files, long rowsBefore, long rows);
}
