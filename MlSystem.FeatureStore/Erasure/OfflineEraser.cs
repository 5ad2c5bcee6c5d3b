using System.Globalization;
using DuckDB.NET.Data;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Offline.Statistics;

namespace MlSystem.FeatureStore.Erasure;

/// <summary>
/// Takes an entity's rows out of the Parquet files: each file that has some is written anew without them and takes the old one's place in one
/// transaction. Begun again after a crash it finds the files that are left; a compaction that was faster is found by looking again.
/// </summary>
public sealed class OfflineEraser(OfflineFiles files, OfflineManifest manifest, OfflineLeases leases, Spool spool, IOptions<FeatureStoreOptions> options, TimeProvider time)
{
    /// <summary>Files of one query.</summary>
    private const int FilesAtOnce = 500;

    /// <summary>Event time of the entity's newest row; null: it has none.</summary>
    public async Task<long?> NewestUsAsync(FeatureView view, IReadOnlyDictionary<int, FeatureValue> parts, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        var found = await FindAsync(connection, view, parts, long.MaxValue, cancellationToken);
        return found.Count == 0 ? null : found.Values.Max(rows => rows.NewestUs);
    }

    /// <summary>The whole keys that go with a part of them: that key itself where it is whole, else those that the files have.</summary>
    public async Task<IReadOnlyList<FeatureValue[]>> KeysAsync(FeatureView view, IReadOnlyDictionary<int, FeatureValue> parts, CancellationToken cancellationToken)
    {
        if (parts.Count == view.JoinKeys.Count)
        {
            return [[.. Enumerable.Range(0, parts.Count).Select(index => parts[index])]];
        }

        using var snapshot = await manifest.SnapshotAsync(view.Name, [OfflineRange.All], cancellationToken);
        await using var connection = await OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT DISTINCT {string.Join(", ", view.JoinKeys.Select(key => DuckDb.Name(key.Name)))} FROM ({DuckDb.Rows(view, snapshot.Paths)}) WHERE {Condition(view, parts, long.MaxValue)}";
        await using var reader = (DuckDBDataReader)await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<FeatureValue[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add([.. view.JoinKeys.Index().Select(key => DuckDbValues.Read(reader, key.Index, key.Item.Datatype))]);
        }

        return keys;
    }

    /// <param name="cutoffUs">Rows with a later event time stay.</param>
    /// <returns>Rows and files.</returns>
    public async Task<(long Rows, long Files)> RemoveAsync(FeatureView view, IReadOnlyDictionary<int, FeatureValue> parts, long cutoffUs, CancellationToken cancellationToken)
    {
        (long Rows, long Files) removed = default;
        await using var connection = await OpenAsync(cancellationToken);
        while (await FindAsync(connection, view, parts, cutoffUs, cancellationToken) is { Count: > 0 } found)
        {
            foreach (var (file, rows) in found)
            {
                if (await RewriteAsync(connection, view, file, Condition(view, parts, cutoffUs), cancellationToken))
                {
                    removed = (removed.Rows + rows.Count, removed.Files + 1);
                }
            }
        }

        return removed;
    }

    /// <summary>Removes files that were set aside and have rows of the entity: nobody reads them.</summary>
    /// <returns>Files.</returns>
    public async Task<long> RemoveSetAsideAsync(FeatureView view, IReadOnlyDictionary<int, FeatureValue> parts, long cutoffUs, CancellationToken cancellationToken)
    {
        long removed = 0;
        await using var connection = await OpenAsync(cancellationToken);
        foreach (var path in files.SetAsideOf(view.Name).ToArray())
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"SELECT count(*) FROM {DuckDb.Parquet(path)} WHERE {Condition(view, parts, cutoffUs)}";
            if ((long)(await command.ExecuteScalarAsync(cancellationToken))! > 0)
            {
                File.Delete(path);
                removed++;
            }
        }

        return removed;
    }

    private async Task<DuckDBConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await DuckDb.OpenAsync(spool.Folder, options.Value.CompactionMemoryMiB, cancellationToken);
        await DuckDb.ExecuteAsync(connection, "SET threads = 1", cancellationToken);
        return connection;
    }

    private static string Condition(FeatureView view, IReadOnlyDictionary<int, FeatureValue> parts, long cutoffUs)
    {
        var keys = parts.Select(part => (Field: view.JoinKeys[part.Key], part.Value))
            .Select(key => $"{DuckDb.Name(key.Field.Name)} = {(key.Field.Datatype == Datatype.Bytes ? DuckDb.Text(key.Value.Text!) : KeyText.Of(key.Field.Datatype, key.Value))}");
        return string.Join(" AND ", keys.Append(string.Create(CultureInfo.InvariantCulture, $"{OfflineColumns.EventUs} <= {cutoffUs}")));
    }

    private async Task<Dictionary<OfflineFileRow, (long Count, long NewestUs)>> FindAsync(
        DuckDBConnection connection, FeatureView view, IReadOnlyDictionary<int, FeatureValue> parts, long cutoffUs, CancellationToken cancellationToken)
    {
        using var lease = leases.Take();
        var found = new Dictionary<OfflineFileRow, (long, long)>();
        foreach (var some in (await manifest.ReadAsync(view.Name, OfflineRange.All, cancellationToken)).Chunk(FilesAtOnce))
        {
            var byPath = some.ToDictionary(file => files.PathOf(view.Name, file.Date, file.Name), StringComparer.Ordinal);
            await using var command = connection.CreateCommand();
            command.CommandText = $"SELECT filename, count(*), max({OfflineColumns.EventUs}) FROM read_parquet([{string.Join(", ", byPath.Keys.Select(DuckDb.Text))}], union_by_name=true, hive_partitioning=false, filename=true) "
                + $"WHERE {Condition(view, parts, cutoffUs)} GROUP BY filename";
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                found[byPath[reader.GetString(0)]] = (reader.GetInt64(1), reader.GetInt64(2));
            }
        }

        return found;
    }

    private async Task<bool> RewriteAsync(DuckDBConnection connection, FeatureView view, OfflineFileRow old, string erased, CancellationToken cancellationToken)
    {
        using var lease = leases.Take();
        var now = time.GetUtcNow();
        var source = DuckDb.Parquet(files.PathOf(view.Name, old.Date, old.Name));
        var name = string.Create(CultureInfo.InvariantCulture, $"{old.MinLoggedUs:D16}-{Guid.CreateVersion7(now):N}{OfflineFiles.Extension}");
        FileStatistics? statistics = null;
        try
        {
            var bytes = await files.WriteAsync(view.Name, old.Date, name, async path =>
            {
                await DuckDb.ExecuteAsync(connection, $"COPY (SELECT * FROM {source} WHERE NOT ({erased})) TO {DuckDb.Text(path)} (FORMAT parquet, COMPRESSION snappy)", cancellationToken);
                statistics = await CountAsync(connection, path, cancellationToken) == 0 ? null : await FileStatistics.ReadAsync(connection, path, cancellationToken);
            });
            var columns = statistics?.Columns.ToDictionary(column => column.Key, column => column.Value.For(view, column.Key), StringComparer.Ordinal);
            var replacement = statistics is null ? null
                : OfflineAdoption.RowOf(view.Name, old.Date, name, bytes, statistics with { Columns = columns! }, old.Compacted, UnixTime.Microseconds(now));
            var replaced = await manifest.ReplaceAsync([old], replacement, cancellationToken);
            if (!replaced || replacement is null)
            {
                files.Delete(view.Name, old.Date, name);
            }

            return replaced;
        }
        catch (DuckDBException) when (!File.Exists(files.PathOf(view.Name, old.Date, old.Name)))
        {
            // Replaced and removed meanwhile: the next look finds the file that took its place.
            return false;
        }
    }

    private static async Task<long> CountAsync(DuckDBConnection connection, string path, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {DuckDb.Parquet(path)}";
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
