using System.Runtime.CompilerServices;
using DuckDB.NET.Data;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Offline;

/// <summary>Reads the newest offline row of every entity, for the online store.</summary>
public sealed class LatestRows(OfflineManifest manifest, Spool spool, IOptions<FeatureStoreOptions> options)
{
    private const int BatchRows = 2_000;

    /// <param name="condition">Which rows take part (SQL on the columns of <see cref="OfflineColumns"/>).</param>
    /// <param name="ranges">Only files that one of these needs are opened.</param>
    public async IAsyncEnumerable<FeatureRow> ReadAsync(
        FeatureView view, string condition, IReadOnlyList<OfflineRange> ranges, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var snapshot = await manifest.SnapshotAsync(view.Name, ranges, cancellationToken);
        await foreach (var batch in ReadAsync(view, condition, snapshot.Paths, BatchRows, cancellationToken))
        {
            foreach (var row in batch)
            {
                yield return row;
            }
        }
    }

    /// <summary>The newest rows in some files, in batches of about a size; memory is bounded, DuckDB spills to disk.</summary>
    public async IAsyncEnumerable<IReadOnlyList<FeatureRow>> ReadAsync(
        FeatureView view, string condition, IReadOnlyList<string> files, int batchRows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (files.Count == 0)
        {
            yield break;
        }

        await using var connection = await DuckDb.OpenAsync(spool.Folder, options.Value.HistoricalMemoryMiB, cancellationToken);
        var batches = RowVectors.CanRead(view)
            ? VectorsAsync(connection, view, Sql(view, condition, files), batchRows, cancellationToken)
            : CellsAsync(connection, view, Sql(view, condition, files), batchRows, cancellationToken);
        await foreach (var batch in batches)
        {
            yield return batch;
        }
    }

    /// <summary>Of rows with the same event time the later created wins, then the one that the event log took later.</summary>
    internal static string Sql(FeatureView view, string condition, IReadOnlyList<string> files)
    {
        var keys = string.Join(", ", view.JoinKeys.Select(key => DuckDb.Name(key.Name)));
        var columns = string.Join(", ", view.JoinKeys.Concat(view.Features).Select(field => DuckDb.Name(field.Name)));
        return $"SELECT {columns}, {OfflineColumns.EventUs}, {OfflineColumns.CreatedUs} FROM ({DuckDb.Rows(view, files)}) WHERE {condition} "
            + $"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {OfflineColumns.EventUs} DESC, {OfflineColumns.CreatedUs} DESC, {OfflineColumns.LoggedUs} DESC) = 1";
    }

    private static async IAsyncEnumerable<IReadOnlyList<FeatureRow>> VectorsAsync(
        DuckDBConnection connection, FeatureView view, string sql, int batchRows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var chunks = new ChunkStream(connection, sql, cancellationToken);
        var batch = new List<FeatureRow>(batchRows + ChunkAppender.MaxRows);

        // The first chunk comes when everything was read.
        while (await Task.Run(chunks.Next, CancellationToken.None))
        {
            RowVectors.Add(chunks, view, batch);
            if (batch.Count >= batchRows)
            {
                yield return batch;
                batch = new List<FeatureRow>(batchRows + ChunkAppender.MaxRows);
            }
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    private static async IAsyncEnumerable<IReadOnlyList<FeatureRow>> CellsAsync(
        DuckDBConnection connection, FeatureView view, string sql, int batchRows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.UseStreamingMode = true;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var batch = new List<FeatureRow>(batchRows);
        while (await reader.ReadAsync(cancellationToken))
        {
            batch.Add(ToRow(view, (DuckDBDataReader)reader));
            if (batch.Count == batchRows)
            {
                yield return batch;
                batch = new List<FeatureRow>(batchRows);
            }
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    private static FeatureRow ToRow(FeatureView view, DuckDBDataReader reader)
    {
        var keys = new FeatureValue[view.JoinKeys.Count];
        var values = new FeatureValue[view.Features.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = DuckDbValues.Read(reader, i, view.JoinKeys[i].Datatype);
        }

        for (var i = 0; i < values.Length; i++)
        {
            values[i] = DuckDbValues.Read(reader, keys.Length + i, view.Features[i].Datatype);
        }

        return new FeatureRow
        {
            View = view,
            Keys = keys,
            Values = values,
            EventUs = reader.GetInt64(keys.Length + values.Length),
            CreatedUs = reader.GetInt64(keys.Length + values.Length + 1),
            Online = true,
        };
    }
}
