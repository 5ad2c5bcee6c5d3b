using System.Globalization;
using DuckDB.NET.Data;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>Joins entity rows with features as they were known at each row's label time. Every row acknowledged before the call takes part.</summary>
public sealed class HistoricalReader(OfflineFiles files, OfflineProgress progress, Spool spool, IOptions<FeatureStoreOptions> options) : IDisposable
{
    private readonly SemaphoreSlim _running = new(options.Value.HistoricalConcurrency);

    /// <summary>Joins and hands <paramref name="use"/> the query of the result, in the order of the entity rows.</summary>
    /// <exception cref="HistoricalRefusedException">The entity rows don't fit.</exception>
    /// <exception cref="OfflineStoreException">Acknowledged rows have not reached Parquet in time.</exception>
    public async Task<T> JoinAsync<T>(
        HistoricalRequest request,
        Func<DuckDBConnection, Task<EntityTable>> load,
        Func<DuckDBConnection, string, Task<T>> use,
        CancellationToken cancellationToken)
    {
        await progress.CatchUpAsync(cancellationToken);
        await _running.WaitAsync(cancellationToken);
        try
        {
            await using var connection = await DuckDb.OpenAsync(spool.Folder, options.Value.HistoricalMemoryMiB, cancellationToken);
            var entities = await load(connection);
            var (first, last) = await LabelRangeAsync(connection, cancellationToken);
            return await use(connection, await ComputedFeatures.AddAsync(connection, request, entities, AsOfJoin.Sql(request, entities, view => Files(view, first, last)), cancellationToken));
        }
        finally
        {
            _running.Release();
        }
    }

    public void Dispose() => _running.Dispose();

    /// <summary>Only dates that a label can see: not after the last label, and not so long before the first that the TTL is over.</summary>
    private IReadOnlyList<string> Files(FeatureView view, DateTimeOffset first, DateTimeOffset last)
    {
        var from = view.Ttl is { } ttl && first - DateTimeOffset.MinValue > ttl ? DateOnly.FromDateTime((first - ttl).UtcDateTime) : (DateOnly?)null;
        return files.List(view.Name, from, DateOnly.FromDateTime(last.UtcDateTime));
    }

    private static async Task<(DateTimeOffset First, DateTimeOffset Last)> LabelRangeAsync(DuckDBConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = string.Create(CultureInfo.InvariantCulture, $"SELECT coalesce(min({EntityTable.LabelUs}), 0), coalesce(max({EntityTable.LabelUs}), 0) FROM entities");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (UnixTime.FromMicroseconds(reader.GetInt64(0)), UnixTime.FromMicroseconds(reader.GetInt64(1)));
    }
}
