using System.Runtime.CompilerServices;
using System.Text;
using DuckDB.NET.Data;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Offline;

/// <summary>Reads the newest offline row of every entity, for the online store.</summary>
public sealed class LatestRows(OfflineManifest manifest, Spool spool, IOptions<FeatureStoreOptions> options)
{
    /// <param name="condition">Which rows take part (SQL on the columns of <see cref="OfflineColumns"/>).</param>
    /// <param name="ranges">Only files that one of these needs are opened.</param>
    public async IAsyncEnumerable<FeatureRow> ReadAsync(
        FeatureView view, string condition, IReadOnlyList<OfflineRange> ranges, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var snapshot = await manifest.SnapshotAsync(view.Name, ranges, cancellationToken);
        if (snapshot.Files.Count == 0)
        {
            yield break;
        }

        await using var connection = await DuckDb.OpenAsync(spool.Folder, options.Value.HistoricalMemoryMiB, cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = Sql(view, condition, snapshot.Paths);
        command.UseStreamingMode = true;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return ToRow(view, (DuckDBDataReader)reader);
        }
    }

    private static string Sql(FeatureView view, string condition, IReadOnlyList<string> found)
    {
        var keys = string.Join(", ", view.JoinKeys.Select(key => DuckDb.Name(key.Name)));
        var columns = string.Join(", ", view.JoinKeys.Concat(view.Features).Select(field => DuckDb.Name(field.Name)));
        return new StringBuilder()
            .Append($"SELECT {columns}, {OfflineColumns.EventUs}, {OfflineColumns.CreatedUs} FROM ({DuckDb.Rows(view, found)}) WHERE {condition} ")
            .Append($"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {OfflineColumns.EventUs} DESC, {OfflineColumns.CreatedUs} DESC, {OfflineColumns.LoggedUs} DESC) = 1")
            .ToString();
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
