using System.Globalization;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Secrets;

namespace MlSystem.FeatureStore.Consistency;

/// <summary>What a join gives for a logged read: the row with the latest event time up to the read, of those the latest created.</summary>
/// <param name="EventUs">Null: there is no row.</param>
/// <param name="LoggedUs">When the event log took the row.</param>
/// <param name="MeantOnline">The row was pushed to the online store, too.</param>
/// <param name="HasOnlineRow">The offline files have a row of the event time that online served which only the online store was to have.</param>
/// <param name="Values">One for each of the view's features.</param>
internal sealed record JoinedRow(long? EventUs, long LoggedUs, bool MeantOnline, bool HasOnlineRow, FeatureValue[] Values);

/// <summary>Joins the logged reads of a view with its offline rows.</summary>
internal sealed class ViewReplay(FeatureView view, SaltedHash hash)
{
    private string Keys => string.Join(", ", view.JoinKeys.Index().Select(key => Name(key.Index)));

    /// <returns>One for each read, in their order.</returns>
    public async Task<IReadOnlyList<JoinedRow>> JoinAsync(DuckDBConnection connection, IReadOnlyList<LoggedRead> reads, IReadOnlyList<string> files, CancellationToken cancellationToken)
    {
        await LoadAsync(connection, reads, cancellationToken);
        await DuckDb.ExecuteAsync(connection, $"CREATE OR REPLACE TABLE rows_of AS SELECT * FROM ({Named(files)}) SEMI JOIN reads USING ({Keys})", cancellationToken);
        var joined = new List<JoinedRow>(reads.Count);
        await using var command = connection.CreateCommand();
        command.CommandText = Sql();
        await using var reader = (DuckDBDataReader)await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            joined.Add(Read(reader));
        }

        return joined;
    }

    private async Task LoadAsync(DuckDBConnection connection, IReadOnlyList<LoggedRead> reads, CancellationToken cancellationToken)
    {
        var keys = string.Concat(view.JoinKeys.Index().Select(key => $", {Name(key.Index)} VARCHAR"));
        await DuckDb.ExecuteAsync(connection, $"CREATE OR REPLACE TABLE reads (id BIGINT, read_us BIGINT, online_us BIGINT{keys})", cancellationToken);
        using var appender = connection.CreateAppender("reads");
        for (var i = 0; i < reads.Count; i++)
        {
            var row = appender.CreateRow().AppendValue((long?)i).AppendValue((long?)reads[i].ReadUs);
            row = reads[i].EventUs is { } us ? row.AppendValue((long?)us) : row.AppendNullValue();
            foreach (var key in reads[i].Keys)
            {
                row = row.AppendValue(key);
            }

            row.EndRow();
        }
    }

    private static string Name(int key) => string.Create(CultureInfo.InvariantCulture, $"__k{key}");

    /// <summary>The view's rows with their keys as the read log has them.</summary>
    private string Named(IReadOnlyList<string> files)
    {
        var keys = view.JoinKeys.Index().Select(key =>
            $"{(view.IsSensitive(key.Item.Name) ? $"sha256(concat({DuckDb.Text(hash.Prefix)}, {DuckDb.Name(key.Item.Name)}::VARCHAR))" : $"{DuckDb.Name(key.Item.Name)}::VARCHAR")} AS {Name(key.Index)}");
        return $"SELECT *, {string.Join(", ", keys)} FROM ({DuckDb.Rows(view, files)})";
    }

    private string Sql()
    {
        var features = string.Concat(view.Features.Select(feature => $", o.{DuckDb.Name(feature.Name)}"));
        var on = string.Join(" AND ", view.JoinKeys.Index().Select(key => $"r.{Name(key.Index)} = o.{Name(key.Index)}"));
        var offline = $"SELECT * FROM rows_of WHERE {OfflineColumns.Offline} "
            + $"QUALIFY row_number() OVER (PARTITION BY {Keys}, {OfflineColumns.EventUs} ORDER BY {OfflineColumns.CreatedUs} DESC, {OfflineColumns.LoggedUs} DESC) = 1";
        var online = $"SELECT DISTINCT r.id FROM reads r JOIN rows_of o ON {on} AND r.online_us = o.{OfflineColumns.EventUs} WHERE o.{OfflineColumns.Online} AND NOT o.{OfflineColumns.Offline}";
        return $"SELECT o.{OfflineColumns.EventUs}, o.{OfflineColumns.LoggedUs}, o.{OfflineColumns.Online}, r.id IN ({online}){features} "
            + $"FROM reads r ASOF LEFT JOIN ({offline}) o ON {on} AND r.read_us >= o.{OfflineColumns.EventUs} ORDER BY r.id";
    }

    private JoinedRow Read(DuckDBDataReader reader)
    {
        var hasOnlineRow = reader.GetBoolean(3);
        if (reader.IsDBNull(0))
        {
            return new JoinedRow(null, 0, false, hasOnlineRow, new FeatureValue[view.Features.Count]);
        }

        var values = new FeatureValue[view.Features.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = DuckDbValues.Read(reader, 4 + i, view.Features[i].Datatype);
        }

        return new JoinedRow(reader.GetInt64(0), reader.GetInt64(1), reader.GetBoolean(2), hasOnlineRow, values);
    }
}
