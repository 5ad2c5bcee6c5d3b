using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Entities;

/// <summary>SQL that reads a column of entity rows as what the request needs; null where a value does not read so.</summary>
internal static class EntityValues
{
    private static readonly string[] Whole = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"];

    /// <returns>The expression, and what is wrong if the column's type can't be read so at all.</returns>
    public static (string Sql, string? Error) Convert(HistoricalRequest request, string column, string type)
    {
        var name = DuckDb.Name(column);
        if (column == request.EventTimestampColumn)
        {
            return type == "DATE" || type.StartsWith("TIMESTAMP", StringComparison.Ordinal) || IsText(type)
                ? ($"TRY_CAST({Text(name, type)} AS TIMESTAMPTZ)", null)
                : (name, $"The column is {type}; the label time is a timestamp, a date or text (RFC 3339).");
        }

        return request.JoinKeys.FirstOrDefault(key => key.Name == column) is { } joinKey ? Key(name, type, joinKey.Datatype)
            : request.RequestColumns.FirstOrDefault(field => field.Name == column) is { } requested ? Requested(name, type, requested.Datatype)
            : (name, null);
    }

    /// <summary>What computed features come from may be missing, so a value that does not read is told by <see cref="EntityTable"/> from one that is not there.</summary>
    private static (string Sql, string? Error) Requested(string name, string type, Datatype datatype) => datatype is Datatype.Int32 or Datatype.Int64 && (IsText(type) || IsFractional(type))
        ? Key(name, type, datatype)
        : ($"TRY_CAST({Text(name, type)} AS {TypeOf(datatype)})", null);

    private static bool IsFractional(string type) => type is "FLOAT" or "DOUBLE" || type.StartsWith("DECIMAL", StringComparison.Ordinal);

    private static string TypeOf(Datatype datatype) => datatype == Datatype.Timestamp ? "TIMESTAMPTZ" : DuckDb.Type(datatype);

    private static (string Sql, string? Error) Key(string name, string type, Datatype datatype)
    {
        var target = DuckDb.Type(datatype);
        var text = Text(name, type);
        return datatype switch
        {
            Datatype.Bytes when IsText(type) => (text, null),
            Datatype.Bytes when Whole.Contains(type) => ($"{name}::VARCHAR", null),
            Datatype.Bool when type == "BOOLEAN" => (name, null),
            Datatype.Bool when IsText(type) => ($"TRY_CAST({text} AS BOOLEAN)", null),
            Datatype.Int32 or Datatype.Int64 when Whole.Contains(type) => ($"TRY_CAST({name} AS {target})", null),
            Datatype.Int32 or Datatype.Int64 when IsText(type) => ($"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+') THEN TRY_CAST({text} AS {target}) END", null),

            // Whole numbers with a missing value among them come as DOUBLE from pandas. A cast of another number would round it to some other entity.
            Datatype.Int32 or Datatype.Int64 when IsFractional(type) =>
                ($"CASE WHEN {name} = trunc({name}) THEN TRY_CAST({name} AS {target}) END", null),
            _ => (name, $"The column is {type}; the join key is {datatype.Name()}."),
        };
    }

    private static bool IsText(string type) => type is "VARCHAR" or "BLOB" || type.StartsWith("ENUM", StringComparison.Ordinal);

    /// <summary>Some writers leave out that their bytes are text.</summary>
    private static string Text(string name, string type) => type == "BLOB" ? $"TRY(decode({name}))" : type.StartsWith("ENUM", StringComparison.Ordinal) ? $"{name}::VARCHAR" : name;
}
