using System.Collections.Concurrent;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Online;

namespace MlSystem.FeatureStore.Streams;

/// <summary>Computes every stream feature view of the catalog, begun anew where its definition or its source's changes, and stopped where it is deleted.</summary>
public sealed partial class StreamViews(StreamServices services, ILogger<StreamViews> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RemovalDeadline = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _changing = new(1);
    private readonly ConcurrentDictionary<string, Running> _running = new(StringComparer.Ordinal);
    private long _revision = -1;

    /// <summary>Waits until what the topics of these views have now is in their aggregates, and their rows can be read from Parquet.</summary>
    /// <exception cref="OfflineStoreException">It takes longer than <c>Features:OfflineBarrierSeconds</c>.</exception>
    public async Task CatchUpAsync(IEnumerable<FeatureView> views, CancellationToken cancellationToken)
    {
        var wanted = views.Where(view => view.Stream is not null).Select(view => view.Name).ToHashSet(StringComparer.Ordinal);
        if (wanted.Count == 0)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(services.StoreOptions.Value.OfflineBarrierSeconds), TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            foreach (var running in await WorkersAsync(either.Token))
            {
                if (wanted.Contains(running.Key))
                {
                    await running.Value.Worker.CatchUpAsync(either.Token);
                }
            }
        }
        catch (Exception error) when ((error is OperationCanceledException or ObjectDisposedException) && !cancellationToken.IsCancellationRequested)
        {
            throw new OfflineStoreException($"Aggregates of stream feature views did not reach the Parquet files within {services.StoreOptions.Value.OfflineBarrierSeconds} s.", error);
        }
    }

    /// <summary>All rows that were made so far in this process go to Parquet, from which the online store can be rebuilt.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        foreach (var running in _running.Values.ToArray())
        {
            await running.Worker.WakeAsync(cancellationToken).WaitAsync(TimeSpan.FromSeconds(services.StoreOptions.Value.OfflineBarrierSeconds), cancellationToken);
        }
    }

    /// <summary>
    /// Removes an entity from the state of a view, on whatever replica it is. When it completes no row of it will be made from events that were there
    /// before, and rows made so far are in Parquet and in the online store.
    /// </summary>
    /// <exception cref="OfflineStoreException">It took longer than a minute; asking again is safe.</exception>
    public async Task RemoveEntityAsync(FeatureView view, FeatureValue[] keys, CancellationToken cancellationToken)
    {
        if (view.Stream is null)
        {
            return;
        }

        await CatchUpAsync([view], cancellationToken);
        var entity = OnlineKey.Entity(view.JoinKeys, keys);
        await services.Removals.AskAsync(view.Name, entity, cancellationToken);
        using var deadline = new CancellationTokenSource(RemovalDeadline, TimeProvider.System);
        while (await services.Removals.OpenAsync(view.Name, entity, cancellationToken) > 0)
        {
            if (deadline.IsCancellationRequested)
            {
                throw new OfflineStoreException($"The aggregates of stream feature view '{view.Name}' could not be freed of an entity in time.");
            }

            foreach (var running in (await WorkersAsync(cancellationToken)).Where(running => running.Key == view.Name))
            {
                await running.Value.Worker.WakeAsync(cancellationToken);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await services.Catalog.WaitUntilLoadedAsync(stoppingToken);
        await services.Database.WaitUntilReadyAsync(stoppingToken);
        try
        {
            while (true)
            {
                await TryFollowAsync(stoppingToken);
                await Task.Delay(Period, TimeProvider.System, stoppingToken);
            }
        }
        finally
        {
            foreach (var view in _running.Keys.ToArray())
            {
                await StopAsync(view);
            }
        }
    }

    private async Task TryFollowAsync(CancellationToken stoppingToken)
    {
        await services.Database.WaitUntilReadyAsync(stoppingToken);
        await _changing.WaitAsync(stoppingToken);
        try
        {
            if (services.Catalog.Current is var current && current.Revision != _revision)
            {
                await FollowAsync(current, stoppingToken);
                _revision = current.Revision;
            }
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            LogFailed(error);
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task FollowAsync(Catalog current, CancellationToken stoppingToken)
    {
        foreach (var (name, running) in _running.ToArray())
        {
            if (!current.StreamViews.TryGetValue(name, out var view) || view.Version != running.View || current.Sources[view.Definition.Source].Version != running.Source)
            {
                await StopAsync(name);
            }
        }

        foreach (var gone in (await services.Generations.ViewsAsync(stoppingToken)).Where(name => !current.StreamViews.ContainsKey(name)))
        {
            await services.Generations.DeleteAsync(gone, stoppingToken);
            LogDeleted(gone);
        }

        foreach (var view in current.StreamViews.Values.Where(view => !_running.ContainsKey(view.Name)))
        {
            var source = current.Sources[view.Definition.Source];
            var generation = await services.Generations.FindAsync(view, source.Definition, stoppingToken);
            var worker = new StreamWorker(new StreamPlan(view, source.Definition), generation, source.Definition.Topic!, services);
            var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            _running[view.Name] = new Running(view.Version, source.Version, worker, stop, worker.RunAsync(stop.Token));
        }
    }

    /// <summary>The running computations of the newest catalog.</summary>
    private async Task<IReadOnlyList<KeyValuePair<string, Running>>> WorkersAsync(CancellationToken cancellationToken)
    {
        await TryFollowAsync(cancellationToken);
        await _changing.WaitAsync(cancellationToken);
        try
        {
            return [.. _running];
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task StopAsync(string view)
    {
        var running = _running[view];
        await running.Stop.CancelAsync();
        await running.Run;
        running.Stop.Dispose();
        running.Worker.Dispose();
        _running.TryRemove(view, out _);
    }

    private sealed record Running(int View, int Source, StreamWorker Worker, CancellationTokenSource Stop, Task Run);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream feature views could not be started or stopped; tried again")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream feature view {View} is gone; its state is deleted")]
    private partial void LogDeleted(string view);
}
