using MlSystem.FeatureStore.Streams.Storage;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Streams;

/// <summary>
/// Computes one view from its topic, in a consumer group of its own: reads, writes the steps down, goes through them, shows the rows online, gathers them for
/// Parquet. The group's position follows the snapshots: what was read since the last one is delivered again after a crash, and gone through in the same steps.
/// </summary>
internal sealed partial class StreamWorker : IDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>Another replica may hold partitions; its progress is seen by asking again.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly StreamPlan _plan;
    private readonly StreamGeneration _generation;
    private readonly StreamServices _services;
    private readonly StreamFlush _flush = new();
    private readonly StreamPace _pace;
    private readonly string _topic;
    private readonly string _group;
    private readonly StreamRouter? _router;
    private volatile StreamStanding _standing;
    private long _late;
    private long _rejected;
    private long _taken;

    public StreamWorker(StreamPlan plan, StreamGeneration generation, string topic, StreamServices services)
    {
        (_plan, _generation, _topic, _services) = (plan, generation, topic, services);
        var name = $"{plan.View.Name}-{generation.Id[^12..]}";
        _group = $"features-stream-{name}";
        if (plan.Stream.Definition.Repartition)
        {
            _topic = $"mlsystem.features.keyed.{name}";
            _router = new StreamRouter(plan, topic, _topic, $"features-route-{name}", services);
        }

        _pace = new StreamPace(plan, services, _topic, _group);
        _standing = new StreamStanding(plan.View.Name, 0, null, 0, 0, 0);
        services.Metrics.Observe(this, () => _standing);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var routing = _router is null ? Task.CompletedTask : _router.RunAsync(cancellationToken);
        await ComputeAsync(cancellationToken);
        await routing;
    }

    private async Task ComputeAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ConsumeAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (StreamFencedException lost)
            {
                LogFenced(_plan.View.Name, lost.Partition);
            }
            catch (Exception error)
            {
                LogFailed(error, _plan.View.Name);
                await Task.Delay(RetryDelay, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Waits until all events that the topic has now are in the aggregates and their rows can be read from Parquet.</summary>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        if (_router is not null)
        {
            await _router.CatchUpAsync(cancellationToken);
        }

        var ends = await _services.Log.GetPositionsAsync(_topic, _group, cancellationToken);
        var store = new StreamStateStore(_services.Database, _generation.Id);
        for (; ; await Task.Delay(AskAgain, TimeProvider.System, cancellationToken))
        {
            await _flush.RequestAsync(cancellationToken);
            var progress = await store.ProgressAsync(cancellationToken);
            if (ends.All(end => end.Committed >= end.End || (progress.TryGetValue(end.Partition, out var found) && found.OfflineOffset >= end.End)))
            {
                // Now that all is read, clocks follow each other and windows may empty.
                await _flush.RequestAsync(cancellationToken);
                return;
            }
        }
    }

    /// <summary>Looks for entities to be removed now.</summary>
    public Task WakeAsync(CancellationToken cancellationToken) => _flush.RequestAsync(cancellationToken);

    public void Dispose()
    {
        _services.Metrics.Forget(this);
        _flush.Dispose();
    }

    /// <summary>A new subscription begins with what is durable.</summary>
    private async Task ConsumeAsync(CancellationToken cancellationToken)
    {
        var output = new StreamOutput(_plan.View.Name, _services.Online, _services.Offline, _services.StoreMetrics, _services.Logger);
        var partitions = new StreamPartitions(_plan, _generation, output, _services);
        (_late, _rejected, _taken) = (0, 0, 0);
        await using var consumer = _services.Log.Subscribe(_topic, _group);
        try
        {
            while (true)
            {
                await RoundAsync(consumer, partitions, output, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10), TimeProvider.System);
            await SaveAsync(consumer, partitions, deadline.Token);
            throw;
        }
    }

    private async Task RoundAsync(IEventConsumer consumer, StreamPartitions partitions, StreamOutput output, CancellationToken cancellationToken)
    {
        var events = await ReadAsync(consumer, WaitFor(partitions, output), cancellationToken);
        await partitions.FollowAsync(consumer.Assigned, cancellationToken);
        foreach (var stored in events)
        {
            partitions.Find(stored.Partition)?.Receive(stored);
        }

        await partitions.ReplayAsync(cancellationToken);
        var nowUs = _services.NowUs;
        await partitions.RunAsync([.. partitions.All.Where(partition => partition.HasNewEvents).Select(partition => partition.NextApply(nowUs))], cancellationToken);
        if (events.Count < _services.Options.Value.BatchEvents)
        {
            await partitions.RunAsync(await _pace.IdleAsync(partitions, atOnce: _flush.Wanted, cancellationToken), cancellationToken);
        }

        await output.ShowAsync(cancellationToken);
        var isStoring = _flush.Wanted || _pace.IsStoreDue(output.Gathered);
        if (isStoring)
        {
            await partitions.StoreAsync(cancellationToken);
            await partitions.RemoveAsync(cancellationToken);
            _pace.Stored();
        }

        Tell(partitions);
        if (isStoring)
        {
            _flush.Done();
        }

        if (_pace.IsSnapshotDue && !partitions.IsReplaying)
        {
            await SaveAsync(consumer, partitions, cancellationToken);
        }
    }

    /// <summary>What was read is in the snapshots, so the group may go on behind it.</summary>
    private async Task SaveAsync(IEventConsumer consumer, StreamPartitions partitions, CancellationToken cancellationToken)
    {
        if (!partitions.IsReplaying && partitions.All.All(partition => !partition.HasNewEvents))
        {
            await partitions.StoreAsync(cancellationToken);
            await partitions.SnapshotAsync(cancellationToken);
            await consumer.CommitAsync(cancellationToken);
            _pace.Snapshotted();
        }
    }

    private async Task<IReadOnlyList<StoredEvent>> ReadAsync(IEventConsumer consumer, TimeSpan longest, CancellationToken cancellationToken)
    {
        // Who waits for the rows waits for the events that are there, too.
        var flush = _flush.Token;
        using var pause = new CancellationTokenSource(flush.IsCancellationRequested ? Pause : longest, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pause.Token, flush.IsCancellationRequested ? CancellationToken.None : flush);
        try
        {
            return await consumer.ReadAsync(_services.Options.Value.BatchEvents, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [];
        }
    }

    private TimeSpan WaitFor(StreamPartitions partitions, StreamOutput output)
    {
        var due = partitions.All.Where(partition => partition.State.Header.IsLive).Select(partition => partition.State.NextDueUs).DefaultIfEmpty(long.MaxValue).Min();
        var wait = due == long.MaxValue ? LongestPause : TimeSpan.FromMicroseconds(Math.Clamp(due - _services.NowUs, 0, LongestPause.TotalMicroseconds));
        wait = output.IsBehind || _pace.IsIdleWorkOpen(partitions) ? TimeSpan.FromMilliseconds(100) : wait;
        return wait < Pause ? Pause : wait;
    }

    private void Tell(StreamPartitions partitions)
    {
        var tag = new KeyValuePair<string, object?>("view", _plan.View.Name);
        var (late, rejected, taken) = (
            partitions.All.Sum(partition => partition.State.Late), partitions.All.Sum(partition => partition.State.Ahead + partition.Rejected.Count), partitions.All.Sum(partition => partition.Taken));
        if (late > _late)
        {
            LogLate(_plan.View.Name, late - _late);
        }

        if (rejected > _rejected)
        {
            LogRejected(_plan.View.Name, rejected - _rejected, partitions.All.Select(partition => partition.Rejected.Reason).LastOrDefault(reason => reason is not null) ?? "their time is more than an hour ahead of the log");
        }

        _services.Metrics.Late.Add(Math.Max(0, late - _late), tag);
        _services.Metrics.Rejected.Add(Math.Max(0, rejected - _rejected), tag);
        _services.Metrics.Events.Add(Math.Max(0, taken - _taken), tag);
        (_late, _rejected, _taken) = (late, rejected, taken);
        _standing = _pace.Standing(partitions);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream feature view {View}: another replica has taken over partition {Partition}")]
    private partial void LogFenced(string view, int partition);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream feature view {View} could not be computed; it goes on from what is durable")]
    private partial void LogFailed(Exception error, string view);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream feature view {View}: {Events} events came later than the allowed lateness and are left out")]
    private partial void LogLate(string view, long events);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream feature view {View}: {Events} events are left out: {Reason}")]
    private partial void LogRejected(string view, long events, string reason);

    private ILogger Logger => _services.Logger;
}
