using System.Text.Json;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Formats;

/// <summary>Writes a join's result as JSON <c>{"rows": n, "columns": {name: [value, …], …}}</c>.</summary>
public static class JsonResult
{
    /// <summary>The result is kept in a table, so that memory holds one column's page at a time.</summary>
    public static async Task WriteAsync(DuckDBConnection connection, string query, Stream output, CancellationToken cancellationToken)
    {
        await DuckDb.ExecuteAsync(connection, $"CREATE TABLE joined AS {query}", cancellationToken);
        var (columns, rows) = await ShapeAsync(connection, cancellationToken);
        await using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteNumber("rows"u8, rows);
        json.WriteStartObject("columns"u8);
        foreach (var column in columns)
        {
            json.WriteStartArray(column);
            await WriteColumnAsync(connection, column, json, cancellationToken);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static async Task<(IReadOnlyList<string> Columns, long Rows)> ShapeAsync(DuckDBConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT * FROM joined LIMIT 0";
        List<string> columns;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            columns = [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
        }

        command.CommandText = "SELECT count(*) FROM joined";
        return (columns, (long)(await command.ExecuteScalarAsync(cancellationToken))!);
    }

    private static async Task WriteColumnAsync(DuckDBConnection connection, string column, Utf8JsonWriter json, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {DuckDb.Name(column)} FROM joined ORDER BY rowid";
        command.UseStreamingMode = true;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Write(json, await reader.IsDBNullAsync(0, cancellationToken) ? null : reader.GetValue(0));
            if (json.BytesPending > 64 * 1024)
            {
                await json.FlushAsync(cancellationToken);
            }
        }
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case float number when float.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case float or double:
                json.WriteNullValue();
                break;
            case sbyte or short or int or long or byte or ushort or uint:
                json.WriteNumberValue(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case System.Collections.IEnumerable list:
                json.WriteStartArray();
                foreach (var element in list)
                {
                    Write(json, element);
                }

                json.WriteEndArray();
                break;
            case DateTime time:
                json.WriteStringValue(DateTime.SpecifyKind(time, DateTimeKind.Utc));
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture));
                break;
        }
    }
}
