using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace MlSystem.ServiceDefaults.EventLog.Kafka;

/// <summary>
/// A member of a Kafka consumer group. It never blocks a thread: librdkafka fetches on threads of its own, and an empty
/// queue is looked at again after the poll interval.
/// </summary>
internal sealed partial class KafkaConsumer : IEventConsumer
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly IConsumer<string?, byte[]?> _consumer;
    private readonly string _topic;
    private readonly string _group;
    private readonly KafkaTopics _topics;
    private readonly EventLogServices _services;
    private readonly Dictionary<TopicPartition, Offset> _read = [];
    private bool _subscribed;
    private bool _assigned;

    public KafkaConsumer(string servers, string topic, string group, ConsumerOptions options, KafkaTopics topics, EventLogServices services)
    {
        (_topic, _group, _topics, _services) = (topic, group, topics, services);
        _consumer = new ConsumerBuilder<string?, byte[]?>(KafkaSettings.Consumer(servers, KafkaSettings.GroupId(group, topic), options, services.Options))
            .SetPartitionsAssignedHandler((_, _) => _assigned = true)
            .SetPartitionsRevokedHandler((_, revoked) => Forget(revoked, lost: false))
            .SetPartitionsLostHandler((_, lost) => Forget(lost, lost: true))
            .SetErrorHandler((_, error) => LogBroker(topic, group, error.Reason))
            .SetLogHandler((_, message) => LogClient(message.Message))
            .Build();
        services.Metrics.Observe(this, topic, group, Lag);
    }

    public IReadOnlyList<int> Assigned => _subscribed ? [.. _consumer.Assignment.Select(partition => partition.Partition.Value)] : [];

    public async Task<IReadOnlyList<StoredEvent>> ReadAsync(int maxEvents, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEvents, 1);
        await SubscribeAsync(cancellationToken);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var events = Poll(maxEvents);
            if (events.Count > 0)
            {
                _services.Metrics.Consumed(_topic, _group, events.Count);
                return events;
            }

            await PauseAsync(cancellationToken);
        }
    }

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (_read.Count == 0)
        {
            return;
        }

        var offsets = _read.Select(p => new TopicPartitionOffset(p.Key, p.Value)).ToList();
        try
        {
            await Task.Run(() => _consumer.Commit(offsets), cancellationToken);
        }
        catch (KafkaException error) when (error.Error.Code is ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId
            or ErrorCode.RebalanceInProgress or ErrorCode.Local_Fenced or ErrorCode.FencedInstanceId)
        {
            // Others have the partitions now and get these events again.
            _services.Metrics.Fenced(_topic, _group);
            LogFenced(_topic, _group, error.Error.Reason);
        }

        _read.Clear();
    }

    public async Task SeekAsync(DateTimeOffset from, CancellationToken cancellationToken)
    {
        await SubscribeAsync(cancellationToken);
        for (_ = Poll(1); !_assigned; _ = Poll(1))
        {
            await PauseAsync(cancellationToken);
        }

        var timestamp = new Timestamp(from.UtcDateTime < DateTime.UnixEpoch ? DateTime.UnixEpoch : from.UtcDateTime, TimestampType.CreateTime);
        var wanted = _consumer.Assignment.Select(p => new TopicPartitionTimestamp(p, timestamp)).ToList();
        foreach (var target in await Task.Run(() => _consumer.OffsetsForTimes(wanted, Timeout), cancellationToken))
        {
            await SeekAsync(target, cancellationToken);
            _read.Remove(target.TopicPartition);
            if (!target.Offset.IsSpecial)
            {
                _read[target.TopicPartition] = target.Offset;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _services.Metrics.Forget(this);
        await Task.Run(_consumer.Close);
        _consumer.Dispose();
    }

    private async Task SubscribeAsync(CancellationToken cancellationToken)
    {
        if (!_subscribed)
        {
            await _topics.EnsureAsync(_topic, cancellationToken);
            _consumer.Subscribe(_topic);
            _subscribed = true;
        }
    }

    private List<StoredEvent> Poll(int max)
    {
        var events = new List<StoredEvent>();
        while (events.Count < max && Consume() is { } result)
        {
            events.Add(KafkaMessages.Read(result));
            _read[result.TopicPartition] = result.Offset + 1;
        }

        return events;
    }

    private ConsumeResult<string?, byte[]?>? Consume()
    {
        try
        {
            return _consumer.Consume(TimeSpan.Zero);
        }
        catch (ConsumeException error) when (!error.Error.IsFatal)
        {
            // A topic that is not there yet, a broker that is away: librdkafka goes on trying.
            LogBroker(_topic, _group, error.Error.Reason);
            return null;
        }
    }

    /// <summary>A partition that was assigned a moment ago may not be fetched yet: then seeking is refused for a while.</summary>
    private async Task SeekAsync(TopicPartitionOffset target, CancellationToken cancellationToken)
    {
        for (var start = TimeProvider.System.GetTimestamp(); ; await PauseAsync(cancellationToken))
        {
            try
            {
                _consumer.Seek(target);
                return;
            }
            catch (KafkaException error) when (error.Error.Code == ErrorCode.Local_State && TimeProvider.System.GetElapsedTime(start) < Timeout)
            {
                LogClient(error.Error.Reason);
            }
        }
    }

    private Task PauseAsync(CancellationToken cancellationToken) => Task.Delay(_services.Options.PollInterval, TimeProvider.System, cancellationToken);

    private void Forget(List<TopicPartitionOffset> partitions, bool lost)
    {
        foreach (var partition in partitions)
        {
            if (_read.Remove(partition.TopicPartition) && lost)
            {
                _services.Metrics.Fenced(_topic, _group);
            }
        }
    }

    private long Lag() => _subscribed
        ? _consumer.Assignment.Sum(p => Math.Max(0, _consumer.GetWatermarkOffsets(p).High.Value - Math.Max(0, _consumer.Position(p).Value)))
        : 0;

    private ILogger Logger => _services.Logger;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka topic {Topic}, group {Group}: {Reason}")]
    private partial void LogBroker(string topic, string group, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka topic {Topic}: a commit of group {Group} was refused ({Reason}); its events are delivered again")]
    private partial void LogFenced(string topic, string group, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Kafka client: {Reason}")]
    private partial void LogClient(string reason);
}
