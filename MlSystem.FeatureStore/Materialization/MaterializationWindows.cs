using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>
/// Which rows were materialized, and which come next. Every finished one is noted, so that a rebuild of the online store finds its rows again;
/// a chain of incremental ones is one note, which grows.
/// </summary>
public sealed class MaterializationWindows(IDbContextFactory<FeatureStoreContext> contexts, OfflineManifest manifest, TimeProvider time)
{
    /// <summary>Everything acknowledged must be in Parquet.</summary>
    /// <returns>Null: there is nothing left up to the end.</returns>
    public async Task<MaterializationWindow?> NextAsync(string view, long? startUs, long endUs, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);

        // The event log's clock may be ahead of this one.
        var newestUs = await context.OfflineFiles.Where(file => file.FeatureView == view && file.RemovedAtUs == null).MaxAsync(file => (long?)file.MaxLoggedUs, cancellationToken);
        var untilUs = Math.Max(UnixTime.Microseconds(time.GetUtcNow()), newestUs ?? 0);
        if (startUs is { } start)
        {
            return start < endUs ? new MaterializationWindow(start, endUs, untilUs) : null;
        }

        var last = await context.Materializations.AsNoTracking().Where(row => row.FeatureView == view)
            .OrderByDescending(row => row.EndUs).ThenByDescending(row => row.CompletedAtUs).FirstOrDefaultAsync(cancellationToken);
        return last is null ? new MaterializationWindow(UnixTime.Microseconds(DateTimeOffset.MinValue), endUs, untilUs)
            : last.EndUs < endUs ? new MaterializationWindow(last.StartUs, endUs, untilUs, last.EndUs, last.CompletedAtUs)
            : null;
    }

    /// <summary>Notes that the rows of a window are online; doing it again changes nothing.</summary>
    public async Task DoneAsync(string view, MaterializationWindow window, long rows, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.Materializations
            .Where(row => row.FeatureView == view && row.StartUs >= window.StartUs && row.EndUs <= window.EndUs && row.CompletedAtUs <= window.LoggedUntilUs)
            .ExecuteDeleteAsync(cancellationToken);
        context.Materializations.Add(new MaterializationRow { FeatureView = view, StartUs = window.StartUs, EndUs = window.EndUs, CompletedAtUs = window.LoggedUntilUs, Rows = rows });
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>The files with rows of a window, by partition, the newest first.</summary>
    public async Task<OfflineSnapshot> FilesAsync(string view, MaterializationWindow window, CancellationToken cancellationToken)
    {
        var to = OfflineStore.DateOf(window.EndUs);
        OfflineRange[] ranges = window is { DoneUntilUs: { } done, DoneLoggedUs: { } logged }
            ? [new(OfflineStore.DateOf(done), to), new(OfflineStore.DateOf(window.StartUs), to, logged + 1)]
            : [new(OfflineStore.DateOf(window.StartUs), to)];
        return await manifest.SnapshotAsync(view, ranges, cancellationToken);
    }

    /// <summary>The window as a condition on the columns of <see cref="OfflineColumns"/>.</summary>
    public static string Condition(MaterializationWindow window)
    {
        var rows = string.Create(
            CultureInfo.InvariantCulture,
            $"{OfflineColumns.Offline} AND {OfflineColumns.EventUs} > {window.StartUs} AND {OfflineColumns.EventUs} <= {window.EndUs} AND {OfflineColumns.LoggedUs} <= {window.LoggedUntilUs}");
        return window.DoneUntilUs is null ? rows
            : rows + string.Create(CultureInfo.InvariantCulture, $" AND ({OfflineColumns.EventUs} > {window.DoneUntilUs} OR {OfflineColumns.LoggedUs} > {window.DoneLoggedUs})");
    }
}
