using Microsoft.EntityFrameworkCore;
using MlSystem.FeatureStore.Definitions.Storage;

namespace MlSystem.FeatureStore.Offline;

/// <summary>
/// Tells which Parquet files count, in the database: files come in, and one takes the place of others, in one transaction. A file that no
/// transaction recorded is not read; a file that was replaced stays on disk for its readers.
/// </summary>
public sealed class OfflineManifest(IDbContextFactory<FeatureStoreContext> contexts, OfflineFiles files, OfflineLeases leases, TimeProvider time)
{
    /// <summary>The files that count now.</summary>
    /// <param name="ranges">A file is in when one of them needs it.</param>
    public async Task<OfflineSnapshot> SnapshotAsync(string view, IReadOnlyList<OfflineRange> ranges, CancellationToken cancellationToken)
    {
        var lease = leases.Take();
        try
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            var found = new Dictionary<long, (DateOnly Date, string Name, long Rows, bool Compacted)>();
            foreach (var range in ranges)
            {
                foreach (var file in await Live(context, view, range)
                    .Select(row => new { row.Id, row.Date, row.Name, row.Rows, row.Compacted }).ToListAsync(cancellationToken))
                {
                    found[file.Id] = (file.Date, file.Name, file.Rows, file.Compacted);
                }
            }

            return new OfflineSnapshot(
                [.. found.Values.OrderBy(file => file.Date).ThenBy(file => file.Name, StringComparer.Ordinal)
                    .Select(file => new OfflineFile(files.PathOf(view, file.Date, file.Name), file.Date, file.Rows, file.Compacted))],
                lease);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>The records of files that count, oldest date first.</summary>
    public async Task<IReadOnlyList<OfflineFileRow>> ReadAsync(string view, OfflineRange range, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await Live(context, view, range).OrderBy(row => row.Date).ThenBy(row => row.Name).ToListAsync(cancellationToken);
    }

    /// <summary>Which of these files of a view are recorded, whether they still count or not.</summary>
    public async Task<IReadOnlySet<string>> KnownAsync(string view, DateOnly date, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return (await context.OfflineFiles.Where(row => row.FeatureView == view && row.Date == date && names.Contains(row.Name))
            .Select(row => row.Name).ToListAsync(cancellationToken)).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Files that are durable begin to count, all at once.</summary>
    public async Task AddAsync(IReadOnlyList<OfflineFileRow> rows, CancellationToken cancellationToken)
    {
        if (rows.Count > 0)
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            context.OfflineFiles.AddRange(rows);
            await context.SaveChangesAsync(cancellationToken);
        }
    }

    /// <summary>One file takes the place of others.</summary>
    /// <param name="replacement">Null: nothing is left of them.</param>
    /// <returns>False: somebody else has replaced one of them meanwhile, and nothing was changed.</returns>
    public async Task<bool> ReplaceAsync(IReadOnlyList<OfflineFileRow> old, OfflineFileRow? replacement, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var ids = old.Select(row => row.Id).ToArray();
        var nowUs = UnixTime.Microseconds(time.GetUtcNow());
        var replaced = await context.OfflineFiles.Where(row => ids.Contains(row.Id) && row.RemovedAtUs == null)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.RemovedAtUs, nowUs), cancellationToken);
        if (replaced != ids.Length)
        {
            return false;
        }

        if (replacement is not null)
        {
            context.OfflineFiles.Add(replacement);
        }

        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Partitions of more than one file.</summary>
    public async Task<IReadOnlyList<(string View, DateOnly Date)>> SplitPartitionsAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await context.OfflineFiles.Where(row => row.RemovedAtUs == null).GroupBy(row => new { row.FeatureView, row.Date })
            .Where(group => group.Count() > 1).Select(group => group.Key).ToListAsync(cancellationToken);
        return [.. found.Select(key => (key.FeatureView, key.Date))];
    }

    /// <summary>Files that were replaced before a time.</summary>
    public async Task<IReadOnlyList<OfflineFileRow>> ReplacedAsync(long beforeUs, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.OfflineFiles.AsNoTracking().Where(row => row.RemovedAtUs < beforeUs).ToListAsync(cancellationToken);
    }

    /// <summary>Files of a view that were replaced and are still on disk.</summary>
    public async Task<IReadOnlyList<OfflineFileRow>> ReplacedAsync(string view, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.OfflineFiles.AsNoTracking().Where(row => row.FeatureView == view && row.RemovedAtUs != null).ToListAsync(cancellationToken);
    }

    /// <summary>Whether no other replica can have this database, and so none can be reading its files.</summary>
    public async Task<bool> IsAloneAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return context.Database.ProviderName?.EndsWith("Sqlite", StringComparison.Ordinal) == true;
    }

    /// <summary>Forgets files that are gone from disk.</summary>
    public async Task ForgetAsync(IReadOnlyList<OfflineFileRow> rows, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        foreach (var ids in rows.Select(row => row.Id).Chunk(500))
        {
            await context.OfflineFiles.Where(row => ids.Contains(row.Id)).ExecuteDeleteAsync(cancellationToken);
        }
    }

    /// <summary>Whether no file was ever recorded.</summary>
    public async Task<bool> IsEmptyAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return !await context.OfflineFiles.AnyAsync(cancellationToken);
    }

    private static IQueryable<OfflineFileRow> Live(FeatureStoreContext context, string view, OfflineRange range)
    {
        var rows = context.OfflineFiles.AsNoTracking().Where(row => row.FeatureView == view && row.RemovedAtUs == null);
        rows = range.From is { } from ? rows.Where(row => row.Date >= from) : rows;
        rows = range.To is { } to ? rows.Where(row => row.Date <= to) : rows;
        return range.LoggedSinceUs is { } since ? rows.Where(row => row.MaxLoggedUs >= since) : rows;
    }
}
