using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Online;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>
/// Brings the newest offline row of every entity within a range of event times to the online store. A newer online row stays, so a
/// materialization can run beside pushes and can be repeated; a finished view is noted, and an incremental one continues behind it.
/// </summary>
public sealed partial class Materializer(
    CatalogStore catalog, OfflineProgress progress, LatestRows latest, OnlineStore online, IDbContextFactory<FeatureStoreContext> contexts,
    TimeProvider time, ILogger<Materializer> logger)
{
    private const int WriteRows = 2_000;

    /// <param name="views">Null: all that are online and offline.</param>
    /// <param name="start">Exclusive; null continues each view behind its last materialization.</param>
    /// <param name="end">Inclusive.</param>
    /// <returns>Unknown or unsuitable views, when there are any; then nothing was done.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(IReadOnlyList<string>? views, DateTimeOffset? start, DateTimeOffset end, CancellationToken cancellationToken)
    {
        var known = (await catalog.RefreshAsync(cancellationToken)).Views;
        var mistakes = (views ?? []).Where(name => !known.TryGetValue(name, out var view) || !view.Definition.Online || !view.Definition.Offline)
            .Select(name => known.ContainsKey(name) ? $"Feature view {name} is not both online and offline" : $"Feature view {name} does not exist").ToArray();
        if (mistakes.Length > 0)
        {
            return mistakes;
        }

        await progress.CatchUpAsync(cancellationToken);
        foreach (var view in views?.Select(name => known[name]) ?? known.Values.Where(view => view.Definition is { Online: true, Offline: true }))
        {
            await RunAsync(view, start, end, cancellationToken);
        }

        return [];
    }

    private async Task RunAsync(FeatureView view, DateTimeOffset? start, DateTimeOffset end, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var startUs = start is { } given ? UnixTime.Microseconds(given)
            : await context.Materializations.Where(row => row.FeatureView == view.Name).MaxAsync(row => (long?)row.EndUs, cancellationToken)
            ?? UnixTime.Microseconds(DateTimeOffset.MinValue);
        var endUs = UnixTime.Microseconds(end);
        if (endUs <= startUs)
        {
            return;
        }

        // Rows that arrive from now on belong to the next run or go online by themselves.
        var completedAtUs = UnixTime.Microseconds(time.GetUtcNow());
        var rows = await CopyAsync(view, startUs, endUs, cancellationToken);
        context.Materializations.Add(new MaterializationRow { FeatureView = view.Name, StartUs = startUs, EndUs = endUs, CompletedAtUs = completedAtUs, Rows = rows });
        await context.SaveChangesAsync(cancellationToken);
        LogMaterialized(view.Name, rows, end);
    }

    private async Task<long> CopyAsync(FeatureView view, long startUs, long endUs, CancellationToken cancellationToken)
    {
        var condition = string.Create(
            CultureInfo.InvariantCulture,
            $"{OfflineColumns.Offline} AND {OfflineColumns.EventUs} > {startUs} AND {OfflineColumns.EventUs} <= {endUs}");
        OfflineRange[] ranges = [new(OfflineStore.DateOf(startUs), OfflineStore.DateOf(endUs))];
        var batch = new List<FeatureRow>(WriteRows);
        long rows = 0;
        await foreach (var row in latest.ReadAsync(view, condition, ranges, cancellationToken))
        {
            batch.Add(row);
            rows++;
            if (batch.Count == WriteRows)
            {
                await online.WriteAsync(batch, cancellationToken);
                batch.Clear();
            }
        }

        await online.WriteAsync(batch, cancellationToken);
        return rows;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Materialized {Rows} entities of feature view {View} up to {End}")]
    private partial void LogMaterialized(string view, long rows, DateTimeOffset end);
}
