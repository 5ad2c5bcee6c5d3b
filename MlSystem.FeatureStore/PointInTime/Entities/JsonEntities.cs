using System.Text.Json;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Entities;

/// <summary>Entity rows sent as JSON columns; columns that are neither join key nor label time are passed through.</summary>
internal static class JsonEntities
{
    /// <exception cref="HistoricalRefusedException">422 with every mistake.</exception>
    public static async Task<EntityTable> LoadAsync(DuckDBConnection connection, HistoricalRequest request, JsonElement entityRows, CancellationToken cancellationToken)
    {
        var columns = entityRows.EnumerateObject().ToList();
        var mistakes = new EntityMistakes(request);
        mistakes.CheckColumns([.. columns.Select(column => column.Name)]);
        var lists = columns.Where(column => column.Value.ValueKind == JsonValueKind.Array).ToList();
        foreach (var column in columns.Where(column => column.Value.ValueKind != JsonValueKind.Array))
        {
            mistakes.Add(column.Name, "A list of values is required.");
        }

        var rows = lists.Count == 0 ? 0 : lists[0].Value.GetArrayLength();
        foreach (var column in lists.Where(column => column.Value.GetArrayLength() != rows))
        {
            mistakes.Add(column.Name, $"The column has {column.Value.GetArrayLength()} values, the first one has {rows}.");
        }

        var read = lists.ConvertAll(column => JsonEntityColumn.Read(column, request, mistakes));
        mistakes.ThrowIfAny();
        var declared = read.Select(column => $"{DuckDb.Name(column.Name)} {column.Type}");
        await DuckDb.ExecuteAsync(
            connection, $"CREATE TABLE entities ({EntityTable.Row} BIGINT, {EntityTable.LabelUs} BIGINT, {string.Join(", ", declared)})", cancellationToken);
        Append(connection, read, read.Single(column => column.Name == request.EventTimestampColumn), rows);
        return await EntityTable.MeasureAsync(connection, read.ConvertAll(column => column.Name), cancellationToken);
    }

    private static void Append(DuckDBConnection connection, IReadOnlyList<JsonEntityColumn> columns, JsonEntityColumn label, int rows)
    {
        using var appender = connection.CreateAppender("entities");
        for (var i = 0; i < rows; i++)
        {
            var row = appender.CreateRow().AppendValue((long?)i).AppendValue((long?)label.TimeUs(i));
            foreach (var column in columns)
            {
                column.Append(row, i);
            }

            row.EndRow();
        }
    }
}
