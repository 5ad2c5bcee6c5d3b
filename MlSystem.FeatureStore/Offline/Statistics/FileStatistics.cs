using DuckDB.NET.Data;

namespace MlSystem.FeatureStore.Offline.Statistics;

/// <summary>What a Parquet file of the offline store has, read from the file.</summary>
/// <param name="Columns">Feature → statistics.</param>
internal sealed record FileStatistics(long Rows, long MinEventUs, long MaxEventUs, long MinLoggedUs, long MaxLoggedUs, Dictionary<string, ColumnStatistics> Columns)
{
    /// <summary>Columns of one query: wide views would make a query of thousands.</summary>
    private const int ColumnsPerQuery = 100;

    public static async Task<FileStatistics> ReadAsync(DuckDBConnection connection, string path, CancellationToken cancellationToken)
    {
        var source = DuckDb.Parquet(path);
        var types = await ColumnTypesAsync(connection, source, cancellationToken);
        var totals = await RowAsync(
            connection,
            $"SELECT count(*), min({OfflineColumns.EventUs}), max({OfflineColumns.EventUs}), min({OfflineColumns.LoggedUs}), max({OfflineColumns.LoggedUs}) FROM {source}",
            cancellationToken);
        var columns = new Dictionary<string, ColumnStatistics>(StringComparer.Ordinal);
        foreach (var chunk in types.Where(type => !type.Name.StartsWith("__", StringComparison.Ordinal)).Chunk(ColumnsPerQuery))
        {
            var values = await RowAsync(connection, $"SELECT {string.Join(", ", chunk.Select(column => Aggregates(column.Name, column.Type)))} FROM {source}", cancellationToken);
            for (var i = 0; i < chunk.Length; i++)
            {
                columns[chunk[i].Name] = Of(chunk[i].Type, (long)totals[0]!, values.AsSpan(i * 4, 4));
            }
        }

        return new FileStatistics((long)totals[0]!, (long)totals[1]!, (long)totals[2]!, (long)totals[3]!, (long)totals[4]!, columns);
    }

    private static bool IsText(string type) => type == "VARCHAR";

    private static bool IsNumber(string type) => type is "BOOLEAN" or "INTEGER" or "BIGINT" or "FLOAT" or "DOUBLE";

    private static string Aggregates(string column, string type)
    {
        var name = DuckDb.Name(column);
        return IsText(type)
            ? $"count({name}), min({name}), max({name}), NULL"
            : IsNumber(type)
                ? $"count({name}), min({name}::DOUBLE), max({name}::DOUBLE), sum({name}::DOUBLE)"
                : $"count({name}), NULL, NULL, NULL";
    }

    private static ColumnStatistics Of(string type, long rows, ReadOnlySpan<object?> values)
    {
        var count = (long)values[0]!;
        var statistics = new ColumnStatistics { Nulls = rows - count, Count = count };
        return IsText(type)
            ? statistics with { MinText = Short(values[1]), MaxText = Short(values[2]) }
            : values[3] is double sum && double.IsFinite(sum) ? statistics with { Min = (double)values[1]!, Max = (double)values[2]!, Sum = sum } : statistics;
    }

    private static string? Short(object? text) => text is string value ? Utf8Order.Short(value) : null;

    private static async Task<IReadOnlyList<(string Name, string Type)>> ColumnTypesAsync(DuckDBConnection connection, string source, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT * FROM {source} LIMIT 0";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return [.. Enumerable.Range(0, reader.FieldCount).Select(i => (reader.GetName(i), reader.GetDataTypeName(i).ToUpperInvariant()))];
    }

    private static async Task<object?[]> RowAsync(DuckDBConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return [.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i))];
    }
}
