using System.Globalization;
using System.Text.Json;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>
/// The entity rows of a historical read as DuckDB table <c>entities</c>: the request's columns, and <see cref="Row"/> and <see cref="LabelUs"/>.
/// </summary>
public sealed class EntityTable
{
    public const string Row = "__row";
    public const string LabelUs = "__label_us";

    /// <summary>Columns of the request, in its order.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>Loads rows sent as JSON columns; columns that are neither join key nor label time are passed through.</summary>
    /// <exception cref="HistoricalRefusedException">422 with every mistake.</exception>
    public static async Task<EntityTable> LoadJsonAsync(DuckDBConnection connection, HistoricalRequest request, JsonElement entityRows, CancellationToken cancellationToken)
    {
        var columns = entityRows.EnumerateObject().ToList();
        var mistakes = new Dictionary<string, string[]>(StringComparer.Ordinal);
        CheckColumns(request, [.. columns.Select(column => column.Name)], mistakes);
        var lists = columns.Where(column => column.Value.ValueKind == JsonValueKind.Array).ToList();
        foreach (var column in columns.Where(column => column.Value.ValueKind != JsonValueKind.Array))
        {
            mistakes[Place(column.Name)] = ["A list of values is required."];
        }

        var rows = lists.Count == 0 ? 0 : lists[0].Value.GetArrayLength();
        foreach (var column in lists.Where(column => column.Value.GetArrayLength() != rows))
        {
            mistakes[Place(column.Name)] = [$"The column has {column.Value.GetArrayLength()} values, the first one has {rows}."];
        }

        ThrowIfAny(mistakes);
        var read = lists.ConvertAll(column => JsonEntityColumn.Read(column, request, mistakes));
        ThrowIfAny(mistakes);
        var declared = read.Select(column => $"{DuckDb.Name(column.Name)} {column.Type}");
        await DuckDb.ExecuteAsync(connection, $"CREATE TABLE entities ({Row} BIGINT, {LabelUs} BIGINT, {string.Join(", ", declared)})", cancellationToken);
        Append(connection, read, read.Single(column => column.Name == request.EventTimestampColumn), rows);
        return new EntityTable { Columns = read.ConvertAll(column => column.Name) };
    }

    /// <summary>Loads rows from a Parquet file; the label time may be a timestamp or text.</summary>
    /// <exception cref="HistoricalRefusedException">422 with every mistake.</exception>
    public static async Task<EntityTable> LoadParquetAsync(DuckDBConnection connection, HistoricalRequest request, string file, CancellationToken cancellationToken)
    {
        var columns = await ParquetColumnsAsync(connection, file, cancellationToken);
        var mistakes = new Dictionary<string, string[]>(StringComparer.Ordinal);
        CheckColumns(request, columns, mistakes);
        ThrowIfAny(mistakes);
        var keys = request.JoinKeys.ToDictionary(key => key.Name, StringComparer.Ordinal);
        var requested = request.RequestColumns.ToDictionary(field => field.Name, StringComparer.Ordinal);
        var selected = columns.Select(column => keys.TryGetValue(column, out var key)
            ? $"TRY_CAST({DuckDb.Name(column)} AS {DuckDb.Type(key.Datatype)}) AS {DuckDb.Name(column)}"
            : requested.TryGetValue(column, out var field) && column != request.EventTimestampColumn ? $"CAST({DuckDb.Name(column)} AS {TypeOf(field.Datatype)}) AS {DuckDb.Name(column)}"
            : column == request.EventTimestampColumn ? $"TRY_CAST({DuckDb.Name(column)} AS TIMESTAMPTZ) AS {DuckDb.Name(column)}"
            : DuckDb.Name(column));
        await DuckDb.ExecuteAsync(
            connection,
            $"CREATE TABLE entities AS SELECT file_row_number AS {Row}, 0::BIGINT AS {LabelUs}, {string.Join(", ", selected)} FROM read_parquet({DuckDb.Text(file)}, file_row_number=true); "
            + $"UPDATE entities SET {LabelUs} = epoch_us({DuckDb.Name(request.EventTimestampColumn)})",
            cancellationToken);
        foreach (var column in keys.Keys.Append(request.EventTimestampColumn))
        {
            await CheckValuesAsync(connection, column, mistakes, cancellationToken);
        }

        ThrowIfAny(mistakes);
        return new EntityTable { Columns = columns };
    }

    private static string TypeOf(Datatype datatype) => datatype == Datatype.Timestamp ? "TIMESTAMPTZ" : DuckDb.Type(datatype);

    private static string Place(string column) => $"entity_df.{column}";

    private static void CheckColumns(HistoricalRequest request, IReadOnlyList<string> columns, Dictionary<string, string[]> mistakes)
    {
        foreach (var required in request.JoinKeys.Concat(request.RequestColumns).Select(key => key.Name).Append(request.EventTimestampColumn).Except(columns, StringComparer.Ordinal))
        {
            mistakes[Place(required)] = ["The column is missing."];
        }

        foreach (var group in columns.GroupBy(column => column, StringComparer.OrdinalIgnoreCase))
        {
            if (group.Count() > 1)
            {
                mistakes[Place(group.Key)] = ["The column is there twice (upper and lower case count as the same)."];
            }
            else if (group.Key.StartsWith("__", StringComparison.Ordinal))
            {
                mistakes[Place(group.Key)] = ["Column names that begin with __ are reserved."];
            }
            else if (request.Outputs.Contains(group.Key, StringComparer.OrdinalIgnoreCase))
            {
                mistakes[Place(group.Key)] = ["A feature has the same name."];
            }
        }
    }

    private static void ThrowIfAny(Dictionary<string, string[]> mistakes)
    {
        if (mistakes.Count > 0)
        {
            throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, mistakes);
        }
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

    private static async Task<IReadOnlyList<string>> ParquetColumnsAsync(DuckDBConnection connection, string file, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"SELECT * FROM read_parquet({DuckDb.Text(file)}) LIMIT 0";
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
        }
        catch (DuckDBException)
        {
            throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, "body", "The body is not a Parquet file.");
        }
    }

    private static async Task CheckValuesAsync(DuckDBConnection connection, string column, Dictionary<string, string[]> mistakes, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*), min({Row}) FROM entities WHERE {DuckDb.Name(column)} IS NULL";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (reader.GetInt64(0) is > 0 and var count)
        {
            mistakes[Place(column)] = [string.Create(CultureInfo.InvariantCulture, $"{count} values are missing or of the wrong type, the first in row {reader.GetInt64(1)} (from 0).")];
        }
    }
}
