using System.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Monitor.Storage;

namespace MlSystem.Monitor.History;

/// <summary>
/// Moves staged rows into Parquet. The files are complete on disk before one transaction names them and removes their rows
/// from the stage: a crash before it leaves files that nobody reads, a crash after it leaves nothing to do.
/// </summary>
internal sealed partial class HistoryWriter(IDbContextFactory<MonitorContext> contexts, HistoryFolder folder, IOptions<HistoryOptions> options, ILogger<HistoryWriter> logger)
{
    /// <summary>Bytes of events that one pass reads into memory.</summary>
    private const long MaxBytes = 64 << 20;

    /// <summary>Whether a full batch is waiting.</summary>
    public async Task<bool> IsFullAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Staged.SumAsync(s => s.Rows, cancellationToken) >= options.Value.FlushRows
            || await context.Staged.SumAsync(s => s.Bytes, cancellationToken) >= MaxBytes;
    }

    /// <summary>Writes the oldest staged rows; false when there was none.</summary>
    public async Task<bool> FlushAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (await LastIdAsync(context, cancellationToken) is not { } last)
        {
            return false;
        }

        var staged = await context.Staged.AsNoTracking().Where(s => s.Id <= last).OrderBy(s => s.Id).ToListAsync(cancellationToken);
        var files = staged.GroupBy(s => (Kind: HistoryKind.FileKind(s.Kind), s.Endpoint, s.Date)).Select(group => WriteFile(group.Key.Kind, group.Key.Endpoint, group.Key.Date, [.. group])).ToList();
        if (!await PublishAsync(context, staged.ConvertAll(s => s.Id), files, cancellationToken))
        {
            files.ForEach(file => folder.Delete(file.Path));
        }

        return true;
    }

    /// <summary>The last of the oldest staged rows that are written at once: at least one, within the bounds if it can be.</summary>
    private async Task<long?> LastIdAsync(MonitorContext context, CancellationToken cancellationToken)
    {
        var (rows, bytes, last) = (0L, 0L, (long?)null);
        await foreach (var next in context.Staged.OrderBy(s => s.Id).Select(s => new { s.Id, s.Rows, s.Bytes }).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            (rows, bytes) = (rows + next.Rows, bytes + next.Bytes);
            if (last is not null && (rows > options.Value.FlushRows || bytes > MaxBytes))
            {
                break;
            }

            last = next.Id;
        }

        return last;
    }

    private HistoryFileRow WriteFile(string kind, string endpoint, string date, List<StagedRow> rows)
    {
        using var tables = HistoryTables.Open(rows);
        var path = folder.NewPath(kind, endpoint, date);
        var size = folder.Write(path, target =>
            HistoryTables.Execute(tables, $"COPY {kind} TO {HistoryTables.Literal(target)} (FORMAT parquet, COMPRESSION zstd)"));
        using var count = tables.CreateCommand();
        count.CommandText = $"SELECT count(*) FROM {kind}";
        return new HistoryFileRow { Kind = kind, Endpoint = endpoint, Date = date, Path = path, Rows = (long)count.ExecuteScalar()!, SizeBytes = size };
    }

    /// <summary>False when another replica has written the same rows meanwhile.</summary>
    private async Task<bool> PublishAsync(MonitorContext context, List<long> ids, List<HistoryFileRow> files, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(IsolationLevel.Serializable, cancellationToken);
        var removed = await context.Staged.Where(s => EF.Parameter(ids).Contains(s.Id)).ExecuteDeleteAsync(cancellationToken);
        if (removed != ids.Count)
        {
            return false;
        }

        context.Files.AddRange(files);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        LogWritten(ids.Count, files.Count);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Rows} staged rows are in {Files} Parquet files now")]
    private partial void LogWritten(int rows, int files);
}
