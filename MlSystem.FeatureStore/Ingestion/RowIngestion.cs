using System.Buffers;
using MlSystem.Contracts;
using MlSystem.FeatureStore.Erasure;
using MlSystem.FeatureStore.Online;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>
/// Takes checked rows in: first into the event log, which makes them durable, then into the online store, so that they can be read
/// before they are acknowledged. Parquet follows from the event log.
/// </summary>
public sealed class RowIngestion(IEventLog log, OnlineStore online, Tombstones tombstones, FeatureStoreMetrics metrics, TimeProvider time)
{
    /// <summary>When the task completes the rows are durable, and the online ones can be read.</summary>
    /// <exception cref="IngestionException">The event log did not take the rows.</exception>
    /// <exception cref="OnlineStoreException">The rows are durable and will be online, but the online store does not answer now.</exception>
    /// <exception cref="RowTooLargeException">A row is larger than the event log takes; none was taken.</exception>
    /// <returns>Rows of erased entities from before their erasure, which were left out.</returns>
    public async Task<int> IngestAsync(IReadOnlyList<FeatureRow> rows, CancellationToken cancellationToken)
    {
        var erased = 0;
        if (!tombstones.IsEmpty)
        {
            FeatureRow[] kept = [.. rows.Where(row => !tombstones.IsErased(row.View, row.Keys, row.EventUs))];
            erased = rows.Count - kept.Length;
            rows = kept;
            metrics.ErasedRows.Add(erased);
        }

        if (rows.Count == 0)
        {
            return erased;
        }

        var buffer = new ArrayBufferWriter<byte>(512);
        var events = new LogEvent[rows.Count];
        for (var i = 0; i < events.Length; i++)
        {
            events[i] = RowCodec.Encode(rows[i], buffer, time);
        }

        await AppendAsync(events, cancellationToken);
        var onlineRows = rows.All(row => row.Online) ? rows : [.. rows.Where(row => row.Online)];
        if (onlineRows.Count > 0)
        {
            await online.WriteAsync(onlineRows, cancellationToken);
        }

        return erased;
    }

    private async Task AppendAsync(LogEvent[] events, CancellationToken cancellationToken)
    {
        try
        {
            await log.AppendAsync(Topics.Features, events, cancellationToken);
        }
        catch (EventTooLargeException error)
        {
            throw new RowTooLargeException(error.Message, error);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new IngestionException($"The event log does not take rows now ({error.GetType().Name}); nothing was acknowledged.", error);
        }
    }
}
