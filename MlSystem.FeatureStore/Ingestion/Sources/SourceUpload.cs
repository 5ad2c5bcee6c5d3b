using System.Data.Common;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;
using Npgsql;

namespace MlSystem.FeatureStore.Ingestion.Sources;

/// <summary>Ingests rows of a Parquet file or a table: first everything is checked, then everything is ingested. Memory is bounded by one batch of rows.</summary>
public sealed class SourceUpload(SourceConnections connections, RowIngestion ingestion, RowClock clock, FeatureStoreMetrics metrics, IOptions<FeatureStoreOptions> options)
{
    /// <param name="from">Event times after this, in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="to">Event times up to and with this.</param>
    /// <param name="skipBad">Leave bad rows out instead of refusing all.</param>
    /// <exception cref="SourceException">The source can't be read.</exception>
    public async Task<CsvResult> IngestAsync(FeatureView view, SourceDefinition source, long from, long to, bool online, bool offline, bool skipBad, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = source.Kind == SourceKind.Table
                ? await connections.OpenAsync(source, cancellationToken)
                : await SourceConnections.OpenParquetAsync(cancellationToken);
            await using var snapshot = await SourceConnections.SnapshotAsync(connection, cancellationToken);
            await using var command = Command(connection, snapshot, view, source, from, to);
            var check = await CheckAsync(command, new RecordRows(view, online, offline, clock), view, from, to, cancellationToken);
            if (check.Refused || (check.Skipped > 0 && !skipBad))
            {
                return check with { Skipped = 0, Refused = true };
            }

            var rows = new RecordRows(view, online, offline, clock);
            var (ingested, erased) = await IngestAsync(command, rows, from, to, cancellationToken);
            metrics.RuleWarnings.Add(rows.Warnings.Count);
            return (check with { Ingested = ingested, ErasedRows = erased }).With(rows.Warnings);
        }
        catch (DbException error)
        {
            throw new SourceException($"Source '{source.Name}' can't be read: {error.Message}", error);
        }
    }

    /// <summary>SQLite has no type for times: there the rows are chosen when they are read.</summary>
    private DbCommand Command(DbConnection connection, DbTransaction snapshot, FeatureView view, SourceDefinition source, long from, long to)
    {
        var command = connection.CreateCommand();
        command.Transaction = snapshot;
        var table = source.Kind == SourceKind.File ? $"read_parquet({DuckDb.Text(connections.FileOf(source))})"
            : source.Query is { } query ? $"({query}) AS source"
            : string.Join('.', source.Table!.Split('.').Select(DuckDb.Name));
        command.CommandText = $"SELECT * FROM {table}";
        if (command is NpgsqlCommand postgres && (from > long.MinValue || to < long.MaxValue))
        {
            var column = DuckDb.Name(view.Definition.EventTimestampColumn);
            command.CommandText += $" WHERE {column} > @from AND {column} <= @to";
            postgres.Parameters.AddWithValue("from", from == long.MinValue ? DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc) : UnixTime.FromMicroseconds(from).UtcDateTime);
            postgres.Parameters.AddWithValue("to", to == long.MaxValue ? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc) : UnixTime.FromMicroseconds(to).UtcDateTime);
        }

        return command;
    }

    private async Task<CsvResult> CheckAsync(DbCommand command, RecordRows rows, FeatureView view, long from, long to, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        string[] names = [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
        var wanted = RecordRows.Columns(view).ToArray();
        var missing = wanted.Except(names, StringComparer.Ordinal).Select(name => new CsvError(0, name, "the column is missing")).ToArray();
        string[] ignored = [.. names.Except(wanted, StringComparer.Ordinal)];
        if (missing.Length > 0)
        {
            return new CsvResult(0, 0, missing, 0, ignored) { Refused = true };
        }

        var errors = new List<CsvError>();
        long bad = 0, omitted = 0;
        await foreach (var row in rows.ReadAsync(reader, from, to, cancellationToken))
        {
            if (row.Row is null)
            {
                bad++;
                var room = Math.Max(0, options.Value.MaxReportedErrors - errors.Count);
                errors.AddRange(row.Errors.Take(room));
                omitted += Math.Max(0, row.Errors.Count - room);
            }
        }

        return new CsvResult(0, bad, errors, omitted, ignored);
    }

    private async Task<(long Ingested, long Erased)> IngestAsync(DbCommand command, RecordRows rows, long from, long to, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var batch = new List<FeatureRow>(options.Value.IngestBatchRows);
        long ingested = 0, erased = 0;
        await foreach (var row in rows.ReadAsync(reader, from, to, cancellationToken))
        {
            if (row.Row is not null)
            {
                batch.Add(row.Row);
            }

            if (batch.Count == options.Value.IngestBatchRows)
            {
                var left = await ingestion.IngestAsync(batch, cancellationToken);
                (ingested, erased) = (ingested + batch.Count - left, erased + left);
                batch.Clear();
            }
        }

        var last = await ingestion.IngestAsync(batch, cancellationToken);
        return (ingested + batch.Count - last, erased + last);
    }
}
