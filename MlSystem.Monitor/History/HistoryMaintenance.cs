using System.Data;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Monitor.Storage;

namespace MlSystem.Monitor.History;

/// <summary>Keeps the history small: leftovers go, days that are over become one file, what is past its retention is removed.</summary>
internal sealed class HistoryMaintenance(IDbContextFactory<MonitorContext> contexts, HistoryFolder folder, IOptions<HistoryOptions> options, TimeProvider time)
{
    /// <summary>In this order: a file that compaction or retention replaces now is deleted at the next pass, when no reader has it any more.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await DeleteUnnamedAsync(cancellationToken);
        await CompactAsync(cancellationToken);
        await ApplyRetentionAsync(cancellationToken);
    }

    private async Task DeleteUnnamedAsync(CancellationToken cancellationToken)
    {
        var candidates = folder.FilesBefore(time.GetUtcNow() - TimeSpan.FromMinutes(options.Value.MaintenanceIntervalMinutes)).ToList();
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var named = (await context.Files.Select(f => f.Path).ToListAsync(cancellationToken)).ToHashSet(StringComparer.Ordinal);
        foreach (var path in candidates.Where(path => !named.Contains(path)))
        {
            folder.Delete(path);
        }
    }

    private async Task CompactAsync(CancellationToken cancellationToken)
    {
        var today = Day(time.GetUtcNow());
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var files = await context.Files.AsNoTracking().Where(f => f.Date.CompareTo(today) < 0).ToListAsync(cancellationToken);
        foreach (var group in files.GroupBy(f => (f.Kind, f.Endpoint, f.Date)).Where(group => group.Count() > 1))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await MergeAsync(context, [.. group], cancellationToken);
        }
    }

    private async Task MergeAsync(MonitorContext context, List<HistoryFileRow> parts, CancellationToken cancellationToken)
    {
        var (kind, endpoint, date) = (parts[0].Kind, parts[0].Endpoint, parts[0].Date);
        var path = folder.NewPath(kind, endpoint, date);
        using var tables = HistoryTables.Open([]);
        var sources = string.Join(", ", parts.Select(part => HistoryTables.Literal(folder.Full(part.Path))));
        var size = folder.Write(path, target => HistoryTables.Execute(
            tables, $"COPY (SELECT * FROM read_parquet([{sources}], hive_partitioning = false, union_by_name = true)) TO {HistoryTables.Literal(target)} (FORMAT parquet, COMPRESSION zstd)"));

        var ids = parts.ConvertAll(part => part.Id);
        await using var transaction = await context.Database.BeginTransactionAsync(IsolationLevel.Serializable, cancellationToken);
        if (await context.Files.Where(f => EF.Parameter(ids).Contains(f.Id)).ExecuteDeleteAsync(cancellationToken) != ids.Count)
        {
            // Another replica was first; the new file is a leftover then.
            return;
        }

        context.Files.Add(new HistoryFileRow { Kind = kind, Endpoint = endpoint, Date = date, Path = path, Rows = parts.Sum(part => part.Rows), SizeBytes = size });
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task ApplyRetentionAsync(CancellationToken cancellationToken)
    {
        var cutoff = time.GetUtcNow() - TimeSpan.FromDays(options.Value.RetentionDays);
        var (day, moment) = (Day(cutoff), new DateTimeOffset(cutoff.UtcDateTime.Date, TimeSpan.Zero).ToUnixTimeMilliseconds());
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(IsolationLevel.Serializable, cancellationToken);
        await context.Files.Where(f => f.Date.CompareTo(day) < 0).ExecuteDeleteAsync(cancellationToken);
        await context.Requests.Where(r => r.Time < moment).ExecuteDeleteAsync(cancellationToken);
        await context.Outcomes.Where(o => o.LabelTime < moment && o.RewardTime < moment && !context.Requests.Any(r => r.RequestId == o.RequestId)).ExecuteDeleteAsync(cancellationToken);
        await context.Rejected.Where(r => r.Time < moment).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static string Day(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
