using DuckDB.NET.Data;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.PointInTime.Entities;
using MlSystem.FeatureStore.PointInTime.Joining;
using MlSystem.FeatureStore.Streams;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>Joins entity rows with features as they were known at each row's label time. Every row acknowledged before the call takes part.</summary>
public sealed class HistoricalReader(OfflineManifest manifest, OfflineProgress progress, StreamViews streams, Spool spool, IOptions<FeatureStoreOptions> options) : IDisposable
{
    private readonly SemaphoreSlim _running = new(options.Value.HistoricalConcurrency);

    /// <summary>Joins and hands <paramref name="use"/> the query of the result, in the order of the entity rows.</summary>
    /// <exception cref="HistoricalRefusedException">The entity rows don't fit.</exception>
    /// <exception cref="OfflineStoreException">Acknowledged rows have not reached Parquet in time.</exception>
    public async Task JoinAsync(
        HistoricalRequest request,
        Func<DuckDBConnection, Task<EntityTable>> load,
        Func<DuckDBConnection, string, Task> use,
        CancellationToken cancellationToken)
    {
        await progress.CatchUpAsync(cancellationToken);
        await streams.CatchUpAsync(request.Views, cancellationToken);
        await _running.WaitAsync(cancellationToken);
        try
        {
            await using var connection = await DuckDb.OpenAsync(spool.Folder, Math.Max(64, options.Value.HistoricalMemoryMiB / 2), cancellationToken);
            var entities = await load(connection);
            var joined = await JoinAsync(connection, request, entities, cancellationToken);
            await use(connection, await ComputedFeatures.AddAsync(connection, request, entities, joined, cancellationToken));
        }
        catch (Exception error) when (error is DuckDBException or DuckDBQueryException && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(error.Message, error, cancellationToken);
        }
        finally
        {
            _running.Release();
        }
    }

    public void Dispose() => _running.Dispose();

    /// <summary>Half of the memory is DuckDB's, half is for labels.</summary>
    private async Task<string> JoinAsync(DuckDBConnection connection, HistoricalRequest request, EntityTable entities, CancellationToken cancellationToken)
    {
        var snapshots = new Dictionary<FeatureView, OfflineSnapshot>();
        try
        {
            foreach (var view in request.Views)
            {
                snapshots[view] = await manifest.SnapshotAsync(view.Name, [Range(view, entities)], cancellationToken);
            }

            return await AsOfJoin.RunAsync(
                connection, request, entities, view => snapshots[view].Files, options.Value.HistoricalMemoryMiB * 1024L * 1024 / 2, cancellationToken);
        }
        finally
        {
            foreach (var snapshot in snapshots.Values)
            {
                snapshot.Dispose();
            }
        }
    }

    /// <summary>Only dates that a label can see: not after the last label, and not so long before the first that the TTL is over.</summary>
    private static OfflineRange Range(FeatureView view, EntityTable entities)
    {
        var first = UnixTime.FromMicroseconds(entities.FirstUs);
        var from = view.Ttl is { } ttl && first - DateTimeOffset.MinValue > ttl ? DateOnly.FromDateTime((first - ttl).UtcDateTime) : (DateOnly?)null;
        return new OfflineRange(from, OfflineStore.DateOf(entities.LastUs));
    }
}
