using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Online;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Ingestion.Sources;

/// <summary>
/// Takes the events of topic sources in as rows of their feature views, each view in a consumer group of its own. The group's position moves
/// once the rows are durable in the event log: a crash in between takes events in again, which changes nothing.
/// </summary>
public sealed partial class TopicSources(
    IEventLog log, CatalogStore catalog, RowIngestion ingestion, RowClock clock, FeatureStoreMetrics metrics, TimeProvider time, ILogger<TopicSources> logger) : BackgroundService
{
    private const int ReadEvents = 2_000;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, (int View, int Source, CancellationTokenSource Stop, Task Run)> _running = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.WaitUntilLoadedAsync(stoppingToken);
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do
            {
                await FollowAsync(catalog.Current, stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        finally
        {
            foreach (var view in _running.Keys.ToArray())
            {
                await StopAsync(view);
            }
        }
    }

    /// <summary>One loop for every view of a topic, begun anew where its definition or its source's changes.</summary>
    private async Task FollowAsync(Catalog current, CancellationToken cancellationToken)
    {
        var wanted = current.Views.Values.Where(view => view.Stream is null && view.Definition.Source is { } name && current.Sources.TryGetValue(name, out var source) && source.Definition.Kind == SourceKind.Topic)
            .ToDictionary(view => view.Name, view => (View: view, Source: current.Sources[view.Definition.Source!]), StringComparer.Ordinal);
        foreach (var (name, running) in _running.ToArray())
        {
            if (!wanted.TryGetValue(name, out var found) || running.View != found.View.Version || running.Source != found.Source.Version)
            {
                await StopAsync(name);
            }
        }

        foreach (var (name, (view, source)) in wanted.Where(pair => !_running.ContainsKey(pair.Key)))
        {
            var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _running[name] = (view.Version, source.Version, stop, RunAsync(view, source.Definition, stop.Token));
        }
    }

    private async Task StopAsync(string view)
    {
        var (_, _, stop, run) = _running[view];
        await stop.CancelAsync();
        await run;
        stop.Dispose();
        _running.Remove(view);
    }

    private async Task RunAsync(FeatureView view, SourceDefinition source, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var rows = new TopicRows(view, source, clock);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var consumer = log.Subscribe(source.Topic!, $"features-source-{view.Name}");
                while (true)
                {
                    await TakeAsync(view, rows, await consumer.ReadAsync(ReadEvents, cancellationToken), cancellationToken);
                    await consumer.CommitAsync(cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogFailed(view.Name, source.Topic!, error.Message);
                await Task.Delay(RetryDelay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task TakeAsync(FeatureView view, TopicRows rows, IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        var good = new List<FeatureRow>(events.Count);
        var warned = rows.Warnings;
        foreach (var stored in events)
        {
            var (row, error) = rows.Read(stored);
            if (row is not null)
            {
                good.Add(row);
            }
            else if (error is not null)
            {
                metrics.Rejected.Add(1);
                LogRejected(view.Name, stored.Partition, stored.Offset, error);
            }
        }

        metrics.RuleWarnings.Add(rows.Warnings - warned);
        try
        {
            await ingestion.IngestAsync(good, cancellationToken);
        }
        catch (OnlineStoreException error)
        {
            // The rows are durable; the online store gets them from the event log when it is back.
            LogOffline(view.Name, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Feature view {View} waits for topic {Topic}: {Reason}")]
    private partial void LogFailed(string view, string topic, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Event {Offset} of partition {Partition} is no row of feature view {View} and is left out: {Reason}")]
    private partial void LogRejected(string view, int partition, long offset, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Rows of feature view {View} are durable but not online yet: {Reason}")]
    private partial void LogOffline(string view, string reason);
}
