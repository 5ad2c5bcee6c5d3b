using MlSystem.Contracts;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Online.Recovery;

/// <summary>
/// Writes every online row of the event log to the online store: rows of other producers, and rows whose push ended before their own write.
/// Writing a row twice changes nothing.
/// </summary>
public sealed partial class OnlineConsumer(
    IEventLog log, OnlineStore store, CatalogStore catalog, RowClock clock, FeatureStoreMetrics metrics, TimeProvider time, ILogger<OnlineConsumer> logger) : BackgroundService
{
    private const string Group = "features-online";
    private const int ReadEvents = 2_000;
    private static readonly TimeSpan MarkPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(250);

    private (long SampledUs, Dictionary<int, long> Ends)? _sample;
    private long _lastMark;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.WaitUntilLoadedAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var consumer = log.Subscribe(Topics.Features, Group);
                while (true)
                {
                    await HandleAsync(await consumer.ReadAsync(ReadEvents, stoppingToken), stoppingToken);
                    await consumer.CommitAsync(stoppingToken);
                    await MarkAsync(stoppingToken);
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error.Message);
                await Task.Delay(RetryDelay, time, stoppingToken);
            }
        }
    }

    private async Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        var rows = new List<FeatureRow>(events.Count);
        foreach (var stored in events)
        {
            // What is no row of a known view is reported by the offline writer, which reads the same events.
            var row = RowCodec.Decode(stored, catalog.Current, clock).Row
                ?? RowCodec.Decode(stored, await catalog.RefreshAsync(cancellationToken), clock).Row;
            if (row is { Online: true })
            {
                rows.Add(row);
            }
        }

        if (rows.Count > 0)
        {
            await store.WriteAsync(rows, cancellationToken);
            metrics.OnlineRows.Add(rows.Count);
        }
    }

    /// <summary>
    /// Notes in the online store itself up to when the event log is applied. The note stands behind the rows in the server's own log,
    /// so a server that loses its last second loses the note with them, and recovery begins early enough.
    /// </summary>
    private async Task MarkAsync(CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(_lastMark) < MarkPeriod && _lastMark != 0)
        {
            return;
        }

        _lastMark = time.GetTimestamp();
        var nowUs = UnixTime.Microseconds(time.GetUtcNow());
        var positions = await log.GetPositionsAsync(Topics.Features, Group, cancellationToken);
        if (_sample is { } sample && positions.All(position => position.Committed >= sample.Ends.GetValueOrDefault(position.Partition)))
        {
            await store.MarkAppliedUntilAsync(sample.SampledUs, cancellationToken);
            _sample = null;
        }

        _sample ??= (nowUs, positions.ToDictionary(position => position.Partition, position => position.End));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rows of the event log wait for the online store: {Reason}")]
    private partial void LogFailed(string reason);
}
