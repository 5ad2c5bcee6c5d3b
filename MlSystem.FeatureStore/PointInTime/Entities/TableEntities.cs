using System.Data.Common;
using System.Globalization;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion.Sources;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Entities;

/// <summary>Entity rows in a database table, or the result of a query there.</summary>
internal static class TableEntities
{
    private const string Table = "__table";

    /// <exception cref="HistoricalRefusedException">422: the source can't be read, or with every mistake of its rows.</exception>
    public static async Task<EntityTable> LoadAsync(
        DuckDBConnection connection, HistoricalRequest request, SourceConnections connections, SourceDefinition source, CancellationToken cancellationToken)
    {
        try
        {
            await using var database = await connections.OpenAsync(source, cancellationToken);
            await using var command = database.CreateCommand();
            command.CommandText = source.Query ?? $"SELECT * FROM {string.Join('.', source.Table!.Split('.').Select(DuckDb.Name))}";
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var columns = Enumerable.Range(0, reader.FieldCount).Select(i => $"{DuckDb.Name(reader.GetName(i))} {TypeOf(reader.GetFieldType(i))}");
            await DuckDb.ExecuteAsync(connection, $"CREATE TABLE {Table} ({string.Join(", ", columns)})", cancellationToken);
            await CopyAsync(reader, connection, cancellationToken);
            var loaded = await EntityTable.LoadAsync(connection, request, Table, cancellationToken);
            await DuckDb.ExecuteAsync(connection, $"DROP TABLE {Table}", cancellationToken);
            return loaded;
        }
        catch (Exception error) when (error is SourceException or DbException or InvalidCastException or FormatException && !cancellationToken.IsCancellationRequested)
        {
            throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, "label_source.source", $"Source '{source.Name}' can't be read: {error.Message.Split('\n')[0]}");
        }
    }

    private static async Task CopyAsync(DbDataReader reader, DuckDBConnection connection, CancellationToken cancellationToken)
    {
        var types = Enumerable.Range(0, reader.FieldCount).Select(i => TypeOf(reader.GetFieldType(i))).ToArray();
        using var appender = connection.CreateAppender(Table);
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = appender.CreateRow();
            for (var i = 0; i < types.Length; i++)
            {
                Append(row, types[i], reader.GetValue(i));
            }

            row.EndRow();
        }
    }

    private static string TypeOf(Type type) =>
        type == typeof(bool) ? "BOOLEAN"
        : type == typeof(short) || type == typeof(int) || type == typeof(long) || type == typeof(byte) ? "BIGINT"
        : type == typeof(float) || type == typeof(double) || type == typeof(decimal) ? "DOUBLE"
        : type == typeof(DateTime) || type == typeof(DateTimeOffset) ? "TIMESTAMPTZ"
        : "VARCHAR";

    private static void Append(IDuckDBAppenderRow row, string type, object value) => _ = value is DBNull ? row.AppendNullValue() : type switch
    {
        "BOOLEAN" => row.AppendValue((bool?)Convert.ToBoolean(value, CultureInfo.InvariantCulture)),
        "BIGINT" => row.AppendValue((long?)Convert.ToInt64(value, CultureInfo.InvariantCulture)),
        "DOUBLE" => row.AppendValue((double?)Convert.ToDouble(value, CultureInfo.InvariantCulture)),
        "TIMESTAMPTZ" => row.AppendValue((DateTime?)(value is DateTimeOffset offset ? offset.UtcDateTime : DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc))),
        _ => row.AppendValue(Convert.ToString(value, CultureInfo.InvariantCulture)),
    };
}
