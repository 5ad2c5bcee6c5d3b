using DuckDB.NET.Data;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Formats;

/// <summary>Form in which rows come in or go out.</summary>
internal sealed record ResultFormat(string ContentType, string Extension)
{
    public static ResultFormat Json { get; } = new("application/json", ".json");

    public static ResultFormat Parquet { get; } = new("application/vnd.apache.parquet", ".parquet");

    public static ResultFormat Arrow { get; } = new("application/vnd.apache.arrow.stream", ".arrow");

    public static string Allowed { get; } = $"{Json.ContentType} {Parquet.ContentType} {Arrow.ContentType}";

    /// <summary>The first that an <c>Accept</c> header names; JSON where it takes anything. Null: it takes none of them.</summary>
    public static ResultFormat? Accepted(string accept)
    {
        foreach (var part in accept.Split(',').Select(part => part.Split(';')[0].Trim()))
        {
            if (part is "" or "*/*" or "application/*")
            {
                return Json;
            }

            if (OfType(part) is { } format)
            {
                return format;
            }
        }

        return null;
    }

    public static ResultFormat? OfType(string? contentType) =>
        new[] { Json, Parquet, Arrow }.FirstOrDefault(format => format.ContentType.Equals(contentType?.Split(';')[0].Trim(), StringComparison.OrdinalIgnoreCase));

    /// <summary>Writes a query's result to a file.</summary>
    public async Task WriteAsync(DuckDBConnection connection, string query, string path, CancellationToken cancellationToken)
    {
        if (this == Parquet)
        {
            await DuckDb.ExecuteAsync(connection, $"COPY ({query}) TO {DuckDb.Text(path)} (FORMAT parquet, COMPRESSION snappy)", cancellationToken);
            return;
        }

        await using var file = File.Create(path);
        if (this == Json)
        {
            await JsonResult.WriteAsync(connection, query, file, cancellationToken);
            return;
        }

        using var arrow = new ArrowResult(connection, query, cancellationToken);
        await arrow.WriteAsync(file, () => Task.CompletedTask, cancellationToken);
    }
}
