using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Online.Retention;
using MlSystem.FeatureStore.Streams;

namespace MlSystem.FeatureStore.Online.Recovery;

/// <summary>
/// Brings the online store up to everything that was acknowledged. A server that kept its data gets what it may have lost at its end;
/// one that lost its data gets the newest row of every entity.
/// </summary>
public sealed partial class OnlineRecovery(
    OnlineStore store, CatalogStore catalog, OfflineProgress progress, StreamViews streams, LatestRows latest, IDbContextFactory<FeatureStoreContext> contexts,
    FeatureStoreMetrics metrics, RowLife life, IOptions<FeatureStoreOptions> options, TimeProvider time, ILogger<OnlineRecovery> logger)
{
    private const int WriteRows = 2_000;

    /// <exception cref="OnlineStoreException">The store failed meanwhile; recover again.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var (isReady, appliedUntilUs) = await store.CheckAsync(cancellationToken);
        var rebuild = Guid.CreateVersion7(time.GetUtcNow()).ToString();
        if (!isReady)
        {
            await store.BeginRebuildAsync(rebuild, cancellationToken);
            appliedUntilUs = null;
        }

        await progress.CatchUpAsync(cancellationToken);
        await streams.FlushAsync(cancellationToken);
        var known = await catalog.RefreshAsync(cancellationToken);
        long rows = 0;
        foreach (var view in known.Views.Values.Where(view => view.Definition.Online))
        {
            rows += await RestoreAsync(view, appliedUntilUs, cancellationToken);
        }

        if (!isReady)
        {
            await OnlineSweep.NoteFilledAsync(store, known, life, cancellationToken);
        }

        if (!isReady && !await store.EndRebuildAsync(rebuild, cancellationToken))
        {
            throw new OnlineStoreException("The online store lost data again while it was rebuilt.");
        }

        metrics.Rebuilds.Add(1);
        var elapsedMs = time.GetElapsedTime(started).TotalMilliseconds;
        LogRecovered(isReady ? "caught up" : "rebuilt", rows, elapsedMs);
    }

    /// <summary>Brings the newest row of every entity of a view back.</summary>
    public async Task<long> RestoreAsync(FeatureView view, CancellationToken cancellationToken)
    {
        await progress.CatchUpAsync(cancellationToken);
        return await RestoreAsync(view, appliedUntilUs: null, cancellationToken);
    }

    private async Task<long> RestoreAsync(FeatureView view, long? appliedUntilUs, CancellationToken cancellationToken)
    {
        var (condition, ranges) = await NeededAsync(view, appliedUntilUs, cancellationToken);
        var batch = new List<FeatureRow>(WriteRows);
        long rows = 0;
        await foreach (var row in latest.ReadAsync(view, condition, ranges, cancellationToken))
        {
            batch.Add(row);
            rows++;
            if (batch.Count == WriteRows)
            {
                await store.WriteAsync(batch, cancellationToken);
                batch.Clear();
            }
        }

        await store.WriteAsync(batch, cancellationToken);
        return rows;
    }

    /// <summary>Rows that were meant for the online store, and rows that a materialization brought there. A catch-up opens only files that have such.</summary>
    private async Task<(string Condition, IReadOnlyList<OfflineRange> Ranges)> NeededAsync(FeatureView view, long? appliedUntilUs, CancellationToken cancellationToken)
    {
        var sinceUs = appliedUntilUs is { } until ? until - UnixTime.Microseconds(TimeSpan.FromSeconds(options.Value.CatchUpMarginSeconds)) : long.MinValue;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var materialized = await context.Materializations.AsNoTracking()
            .Where(row => row.FeatureView == view.Name && row.CompletedAtUs >= sinceUs).ToListAsync(cancellationToken);
        var parts = materialized.Select(row => string.Create(
            CultureInfo.InvariantCulture,
            $"({OfflineColumns.Offline} AND {OfflineColumns.EventUs} > {row.StartUs} AND {OfflineColumns.EventUs} <= {row.EndUs} AND {OfflineColumns.LoggedUs} <= {row.CompletedAtUs})"));
        var online = appliedUntilUs is null
            ? OfflineColumns.Online
            : string.Create(CultureInfo.InvariantCulture, $"({OfflineColumns.Online} AND {OfflineColumns.LoggedUs} >= {sinceUs})");
        var ranges = materialized.Select(row => new OfflineRange(OfflineStore.DateOf(row.StartUs), OfflineStore.DateOf(row.EndUs)));
        return (
            string.Join(" OR ", parts.Prepend(online)),
            [.. ranges.Prepend(appliedUntilUs is null ? OfflineRange.All : new OfflineRange(LoggedSinceUs: sinceUs))]);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Online store {What} with {Rows} rows in {ElapsedMs:F0} ms")]
    private partial void LogRecovered(string what, long rows, double elapsedMs);
}
