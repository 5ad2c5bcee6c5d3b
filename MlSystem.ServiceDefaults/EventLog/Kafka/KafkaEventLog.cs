using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace MlSystem.ServiceDefaults.EventLog.Kafka;

/// <summary>The event log on a Kafka broker. A failed append may have stored a part of its events.</summary>
internal sealed partial class KafkaEventLog : IEventLog, IAsyncDisposable
{
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(10);

    private readonly string _servers;
    private readonly EventLogServices _services;
    private readonly IProducer<string, ReadOnlyMemory<byte>> _producer;
    private readonly IAdminClient _admin;
    private readonly KafkaTopics _topics;
    private readonly ByteBudget _budget;
    private readonly KafkaPositions _positions;

    public KafkaEventLog(string servers, EventLogServices services)
    {
        (_servers, _services) = (servers, services);
        _producer = new ProducerBuilder<string, ReadOnlyMemory<byte>>(KafkaSettings.Producer(servers, services.Options))
            .SetValueSerializer(MemorySerializer.Instance)
            .SetErrorHandler((_, error) => LogBroker(error.Reason))
            .SetLogHandler((_, message) => LogClient(message.Message))
            .Build();
        _admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        _topics = new KafkaTopics(_admin, services);
        _budget = new ByteBudget(services.Options.MaxPendingBytes);
        _positions = new KafkaPositions(servers, services.Options);
    }

    public async Task AppendAsync(string topic, IReadOnlyCollection<LogEvent> events, CancellationToken cancellationToken)
    {
        EventLimits.CheckName(topic, nameof(topic));
        var bytes = EventLimits.Check(topic, events, _services.Options);
        if (events.Count == 0)
        {
            return;
        }

        await _topics.EnsureAsync(topic, cancellationToken);
        await _budget.AcquireAsync(bytes, cancellationToken);
        var delivery = new KafkaDelivery(events.Count, () => _budget.Release(bytes));
        foreach (var e in events)
        {
            await ProduceAsync(topic, e, delivery);
        }

        // What is on its way can't be called back: a cancelled caller only stops waiting.
        await delivery.Task.WaitAsync(cancellationToken);
        _services.Metrics.Appended(topic, events.Count);
    }

    public IEventConsumer Subscribe(string topic, string group, ConsumerOptions? options = null)
    {
        EventLimits.CheckName(topic, nameof(topic));
        EventLimits.CheckName(group, nameof(group));
        return new KafkaConsumer(_servers, topic, group, options ?? new ConsumerOptions(), _topics, _services);
    }

    public async Task<IReadOnlyList<GroupPosition>> GetPositionsAsync(string topic, string group, CancellationToken cancellationToken)
    {
        EventLimits.CheckName(topic, nameof(topic));
        EventLimits.CheckName(group, nameof(group));
        await _topics.EnsureAsync(topic, cancellationToken);
        return await _positions.GetAsync(topic, group, _admin, cancellationToken);
    }

    /// <summary>Asks the broker for its metadata.</summary>
    /// <exception cref="KafkaException">It does not answer in time.</exception>
    public Task PingAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        Task.Run(() => _admin.GetMetadata(timeout), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Task.Run(() => _producer.Flush(FlushTimeout));
        _positions.Dispose();
        _admin.Dispose();
        _producer.Dispose();
    }

    private async Task ProduceAsync(string topic, LogEvent e, KafkaDelivery delivery)
    {
        var message = KafkaMessages.Write(e);
        while (!TryProduce(topic, message, delivery))
        {
            // librdkafka's queue is full: its own threads empty it, so wait a moment on the real clock.
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }
    }

    private bool TryProduce(string topic, Message<string, ReadOnlyMemory<byte>> message, KafkaDelivery delivery)
    {
        try
        {
            _producer.Produce(topic, message, report => delivery.Complete(report.Error.IsError ? new KafkaException(report.Error) : null));
        }
        catch (ProduceException<string, ReadOnlyMemory<byte>> error) when (error.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
        catch (KafkaException error)
        {
            delivery.Complete(error);
        }

        return true;
    }

    private ILogger Logger => _services.Logger;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka: {Reason}")]
    private partial void LogBroker(string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Kafka client: {Reason}")]
    private partial void LogClient(string reason);
}
