using System.Globalization;
using DuckDB.NET.Data;
using Microsoft.EntityFrameworkCore;
using MlSystem.Monitor.Storage;

namespace MlSystem.Monitor.History;

/// <summary>Reads predictions with the newest outcome of each, from Parquet and from what is not there yet.</summary>
internal sealed class HistoryReader(IDbContextFactory<MonitorContext> contexts, HistoryFolder folder)
{
    /// <summary>Writes the answer as one Parquet file.</summary>
    public async Task WriteParquetAsync(HistoryQuery query, string target, CancellationToken cancellationToken)
    {
        using var connection = await OpenAsync(query, cancellationToken);
        var sql = $"COPY ({Select(query, null)}) TO {HistoryTables.Literal(target)} (FORMAT parquet, COMPRESSION zstd)";
        await Task.Run(() => HistoryTables.Execute(connection, sql), cancellationToken);
    }

    /// <summary>Reads up to <paramref name="limit"/> rows, ordered by time and id, behind <paramref name="after"/>.</summary>
    public async Task<List<HistoryRow>> ReadAsync(HistoryQuery query, HistoryCursor? after, int limit, CancellationToken cancellationToken)
    {
        using var connection = await OpenAsync(query, cancellationToken);
        var sql = Select(query, after) + string.Create(CultureInfo.InvariantCulture, $" LIMIT {limit}");
        return await Task.Run(() => Rows(connection, sql), cancellationToken);
    }

    /// <summary>
    /// The stage is read before the list of files: rows that move in between are seen twice, never not at all, and each
    /// prediction is taken once below.
    /// </summary>
    private async Task<DuckDBConnection> OpenAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        var (first, last) = (Day(query.From ?? DateTimeOffset.MinValue), Day(query.To ?? DateTimeOffset.MaxValue));
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var staged = await context.Staged.AsNoTracking()
            .Where(s => s.Endpoint == query.Endpoint && s.Date.CompareTo(first) >= 0 && s.Date.CompareTo(last) <= 0)
            .OrderBy(s => s.Id)
            .ToListAsync(cancellationToken);
        var files = await context.Files.AsNoTracking()
            .Where(f => f.Endpoint == query.Endpoint && f.Date.CompareTo(first) >= 0 && f.Date.CompareTo(last) <= 0)
            .ToListAsync(cancellationToken);
        var connection = HistoryTables.Open(staged);
        try
        {
            View(connection, HistoryKind.Predictions, files);
            View(connection, HistoryKind.Labels, files);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void View(DuckDBConnection connection, string kind, List<HistoryFileRow> files)
    {
        var paths = files.Where(f => f.Kind == kind).Select(f => HistoryTables.Literal(folder.Full(f.Path))).ToList();
        var parquet = paths.Count == 0 ? "" : $" UNION ALL BY NAME SELECT * FROM read_parquet([{string.Join(", ", paths)}], hive_partitioning = false, union_by_name = true)";
        HistoryTables.Execute(connection, $"CREATE VIEW all_{kind} AS SELECT * FROM {kind}{parquet}");
    }

    private static string Select(HistoryQuery query, HistoryCursor? after)
    {
        var where = "endpoint = " + HistoryTables.Literal(query.Endpoint)
            + (query.From is { } from ? $" AND \"time\" >= {Timestamp(from)}" : "")
            + (query.To is { } to ? $" AND \"time\" < {Timestamp(to)}" : "")
            + (after is null ? "" : string.Create(
                CultureInfo.InvariantCulture, $" AND (epoch_us(\"time\"), prediction_id) > ({after.TimeMicroseconds}, {HistoryTables.Literal(after.PredictionId)})"));
        return $"""
            SELECT p.*, l.label, l.label_time, l.reward, l.reward_time
            FROM (SELECT * FROM all_predictions WHERE {where} QUALIFY row_number() OVER (PARTITION BY prediction_id ORDER BY "time") = 1) p
            LEFT JOIN (SELECT * FROM all_labels QUALIFY row_number() OVER (PARTITION BY prediction_id ORDER BY sequence DESC) = 1) l USING (prediction_id)
            {(query.Labelled ? "WHERE l.label IS NOT NULL" : "")}
            ORDER BY p."time", p.prediction_id
            """;
    }

    private static List<HistoryRow> Rows(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<HistoryRow>();
        while (reader.Read())
        {
            rows.Add(HistoryRow.Read(reader));
        }

        return rows;
    }

    private static string Day(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Timestamp(DateTimeOffset moment) =>
        "TIMESTAMP " + HistoryTables.Literal(moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture));
}
