using System.Globalization;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Streams;

/// <summary>
/// Brings the events of a topic whose keys are not the entities into a topic of the view's own, keyed by entity. Every event tells where it was before: what is
/// brought again after a crash is recognized, since the events of one partition come in their order (<see cref="RoutedPlaces"/>).
/// </summary>
internal sealed partial class StreamRouter(StreamPlan plan, string source, string target, string group, StreamServices services)
{
    internal const string PlaceHeader = "ml_place";
    internal const string LoggedHeader = "ml_logged_us";
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly StreamDecoder _decoder = new(plan);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var consumer = services.Log.Subscribe(source, group);
                while (true)
                {
                    var events = Route(await consumer.ReadAsync(services.Options.Value.BatchEvents, cancellationToken));
                    if (events.Count > 0)
                    {
                        await services.Log.AppendAsync(target, events, cancellationToken);
                    }

                    await consumer.CommitAsync(cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogFailed(plan.View.Name, source, error.Message);
                await Task.Delay(RetryDelay, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Waits until all events that the source has now are in the view's topic.</summary>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        var ends = (await services.Log.GetPositionsAsync(source, group, cancellationToken)).ToDictionary(position => position.Partition, position => position.End);
        while ((await services.Log.GetPositionsAsync(source, group, cancellationToken)).Any(position => position.Committed < ends.GetValueOrDefault(position.Partition)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }
    }

    private List<LogEvent> Route(IReadOnlyList<StoredEvent> events)
    {
        var routed = new List<LogEvent>(events.Count);
        var (rejected, reason) = (0, (string?)null);
        foreach (var stored in events)
        {
            var (read, error) = _decoder.Read(stored, keyed: false);
            if (read is { } e)
            {
                routed.Add(new LogEvent(e.Entity, stored.Event.Value, new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    [PlaceHeader] = string.Create(CultureInfo.InvariantCulture, $"{stored.Partition}:{stored.Offset}"),
                    [LoggedHeader] = e.LoggedUs.ToString(CultureInfo.InvariantCulture),
                }));
            }
            else if (error is not null)
            {
                (rejected, reason) = (rejected + 1, error);
            }
        }

        if (rejected > 0)
        {
            services.Metrics.Rejected.Add(rejected, new KeyValuePair<string, object?>("view", plan.View.Name));
            LogRejected(plan.View.Name, rejected, reason!);
        }

        return routed;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream feature view {View} waits for topic {Topic}: {Reason}")]
    private partial void LogFailed(string view, string topic, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream feature view {View}: {Events} events are left out: {Reason}")]
    private partial void LogRejected(string view, int events, string reason);

    private ILogger Logger => services.Logger;
}

/// <summary>The last place in each partition of the source from which an event has come: one of an earlier place has come before. Part of a partition's state.</summary>
internal sealed class RoutedPlaces
{
    /// <summary>In place of a chunk's number in the snapshot.</summary>
    public const int Chunk = -1;

    private readonly SortedDictionary<int, long> _last = [];

    /// <returns>The event as the source's log had it; null: it has come before.</returns>
    public StoredEvent? Take(StoredEvent stored)
    {
        var headers = stored.Event.Headers;
        if (!headers.TryGetValue(StreamRouter.PlaceHeader, out var place) || !headers.TryGetValue(StreamRouter.LoggedHeader, out var logged))
        {
            return stored;
        }

        var colon = place.IndexOf(':', StringComparison.Ordinal);
        var (partition, offset) = (int.Parse(place.AsSpan(0, colon), CultureInfo.InvariantCulture), long.Parse(place.AsSpan(colon + 1), CultureInfo.InvariantCulture));
        if (_last.TryGetValue(partition, out var last) && offset <= last)
        {
            return null;
        }

        _last[partition] = offset;
        return stored with { Time = UnixTime.FromMicroseconds(long.Parse(logged, CultureInfo.InvariantCulture)) };
    }

    public byte[] Write()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        foreach (var (partition, offset) in _last)
        {
            writer.Write(partition);
            writer.Write(offset);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    public void Read(byte[] data)
    {
        using var reader = new BinaryReader(new MemoryStream(data));
        while (reader.BaseStream.Position < data.Length)
        {
            _last[reader.ReadInt32()] = reader.ReadInt64();
        }
    }
}
