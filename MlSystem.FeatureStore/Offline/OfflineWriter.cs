using System.Globalization;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Offline;

/// <summary>
/// Takes rows from the event log to Parquet. The group's position moves only after the files are durable: a crash in between
/// writes rows again, which readers don't notice, and loses none.
/// </summary>
public sealed partial class OfflineWriter(
    IEventLog log, CatalogStore catalog, RowClock clock, OfflineStore store, OfflineProgress progress, FeatureStoreMetrics metrics,
    IOptions<FeatureStoreOptions> options, TimeProvider time, ILogger<OfflineWriter> logger) : BackgroundService
{
    private const int ReadEvents = 5_000;

    /// <summary>Bounds the memory of wide views: about 50 MB of values.</summary>
    private const long MaxGatheredValues = 2_000_000;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly List<OfflineRow> _rows = [];
    private long _values;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.WaitUntilLoadedAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error);
                await Task.Delay(RetryDelay, time, stoppingToken);
            }
        }
    }

    /// <summary>A new subscription gets again whatever the one before did not commit.</summary>
    private async Task RunAsync(CancellationToken cancellationToken)
    {
        _rows.Clear();
        _values = 0;
        await using var consumer = log.Subscribe(Topics.Features, OfflineProgress.Group);
        while (true)
        {
            await GatherAsync(consumer, cancellationToken);
            await WriteAsync(cancellationToken);
            await consumer.CommitAsync(cancellationToken);
            _rows.Clear();
            _values = 0;
            progress.Committed();
        }
    }

    /// <summary>Waits for events, then gathers until there are many, they have waited long enough, or somebody asks for them.</summary>
    private async Task GatherAsync(IEventConsumer consumer, CancellationToken cancellationToken)
    {
        await AddAsync(await consumer.ReadAsync(ReadEvents, cancellationToken), cancellationToken);
        using var linger = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.OfflineLingerSeconds), time);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, linger.Token, progress.FlushRequested);
        try
        {
            while (_rows.Count < options.Value.OfflineBatchRows && _values < MaxGatheredValues)
            {
                await AddAsync(await consumer.ReadAsync(ReadEvents, enough.Token), cancellationToken);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogGathered(_rows.Count);
        }
    }

    private async Task AddAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        foreach (var stored in events)
        {
            var (row, error) = RowCodec.Decode(stored, catalog.Current, clock);
            if (row is null)
            {
                // Another replica may know a view that this one has not heard of.
                (row, error) = RowCodec.Decode(stored, await catalog.RefreshAsync(cancellationToken), clock);
            }

            if (row is null)
            {
                metrics.Rejected.Add(1);
                LogRejected(stored.Partition, stored.Offset, error!);
                continue;
            }

            _rows.Add(new OfflineRow(row, stored.Partition, stored.Offset, UnixTime.Microseconds(stored.Time)));
            _values += row.Values.Length;
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        if (_rows.Count > 0)
        {
            var origin = string.Join(',', _rows.GroupBy(row => row.Partition).OrderBy(partition => partition.Key).Select(partition =>
                string.Create(CultureInfo.InvariantCulture, $"{partition.Key}:{partition.Min(row => row.Offset)}-{partition.Max(row => row.Offset)}")));
            await store.WriteAsync(_rows, origin, cancellationToken);
            metrics.OfflineRows.Add(_rows.Count);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Rows could not be written to Parquet; they stay in the event log and are tried again")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "Event {Offset} of partition {Partition} is no row of a known view and is left out: {Reason}")]
    private partial void LogRejected(int partition, long offset, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Writing {Rows} rows to Parquet")]
    private partial void LogGathered(int rows);
}
