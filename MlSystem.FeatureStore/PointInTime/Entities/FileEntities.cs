using DuckDB.NET.Data;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Entities;

/// <summary>Entity rows in a file.</summary>
internal static class FileEntities
{
    /// <param name="place">What the file is in the request, for messages.</param>
    /// <exception cref="HistoricalRefusedException">422: it is no such file, or with every mistake of its rows.</exception>
    public static async Task<EntityTable> LoadParquetAsync(DuckDBConnection connection, HistoricalRequest request, string path, string place, CancellationToken cancellationToken) =>
        await LoadAsync(connection, request, DuckDb.Parquet(path), place, "Parquet", cancellationToken);

    /// <summary>CSV with a header (RFC 4180): join keys and label times are read as they stand, other columns in the type that all their values fit.</summary>
    /// <param name="place">What the file is in the request, for messages.</param>
    /// <exception cref="HistoricalRefusedException">422: it is no such file, or with every mistake of its rows.</exception>
    public static async Task<EntityTable> LoadCsvAsync(DuckDBConnection connection, HistoricalRequest request, string path, string place, CancellationToken cancellationToken)
    {
        var header = await HeaderAsync(path, place, cancellationToken);
        var texts = header.Where(request.IsKeyOrTime).Select(column => $"{DuckDb.Text(column)}: 'VARCHAR'").ToArray();
        var types = texts.Length > 0 ? $", types={{{string.Join(", ", texts)}}}" : "";
        return await LoadAsync(connection, request, $"read_csv({DuckDb.Text(path)}, header=true, hive_partitioning=false, delim=',', quote='\"', sample_size=-1{types})", place, "CSV", cancellationToken);
    }

    private static async Task<EntityTable> LoadAsync(
        DuckDBConnection connection, HistoricalRequest request, string relation, string place, string format, CancellationToken cancellationToken)
    {
        try
        {
            return await EntityTable.LoadAsync(connection, request, relation, cancellationToken);
        }
        catch (DuckDBException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, place, $"This is not a {format} file that can be read: {FirstLine(error.Message)}");
        }
    }

    private static async Task<IReadOnlyList<string>> HeaderAsync(string path, string place, CancellationToken cancellationToken)
    {
        using var text = new StreamReader(path);
        var records = new CsvRecordReader(text);
        return await records.ReadAsync(cancellationToken) && records.Malformed is null ? [.. records.Fields]
            : throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, place, records.Malformed ?? "The file is empty; a header row is required.");
    }

    private static string FirstLine(string message) => message.Split('\n')[0];
}
