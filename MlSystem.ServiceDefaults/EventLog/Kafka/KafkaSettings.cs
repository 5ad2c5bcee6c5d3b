using Confluent.Kafka;

namespace MlSystem.ServiceDefaults.EventLog.Kafka;

/// <summary>Client settings, each with what it is for; <see cref="EventLogOptions.Kafka"/> wins over them.</summary>
internal static class KafkaSettings
{
    public static ProducerConfig Producer(string servers, EventLogOptions options) => new(Merge(
        new ProducerConfig
        {
            BootstrapServers = servers,
            Acks = Acks.All,
            EnableIdempotence = true,
            LingerMs = 2,
            MessageTimeoutMs = 120_000,
            MessageMaxBytes = MaxMessageBytes(options),

            // The same hash as Java clients use, so that other producers' keys meet ours.
            Partitioner = Partitioner.Murmur2Random,

            // Callers wait for their bytes before they produce; librdkafka's own bounds stay above that.
            QueueBufferingMaxMessages = 0,
            QueueBufferingMaxKbytes = options.MaxPendingBytes / 1024 * 2 + 128 * 1024,
        },
        options));

    public static ConsumerConfig Consumer(string servers, string group, ConsumerOptions consumer, EventLogOptions options) => new(Merge(
        new ConsumerConfig
        {
            BootstrapServers = servers,
            GroupId = group,
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            AutoOffsetReset = consumer.StartAtEnd ? AutoOffsetReset.Latest : AutoOffsetReset.Earliest,
            PartitionAssignmentStrategy = PartitionAssignmentStrategy.RoundRobin,

            // Brokers refuse less than 6 s by default.
            SessionTimeoutMs = (int)Math.Max(6000, options.LeaseDuration.TotalMilliseconds),
            HeartbeatIntervalMs = (int)Math.Max(1000, options.LeaseDuration.TotalMilliseconds / 5),
            FetchWaitMaxMs = 100,
            AllowAutoCreateTopics = false,
        },
        options));

    /// <summary>Groups are apart by topic: else every consumer of a service would take part in each other's rebalances.</summary>
    public static string GroupId(string group, string topic) => $"{group}.{topic}";

    /// <summary>Value, key and headers, and what the protocol adds.</summary>
    public static int MaxMessageBytes(EventLogOptions options) => options.MaxEventBytes + options.MaxHeaderBytes + 4096;

    private static Dictionary<string, string> Merge(ClientConfig config, EventLogOptions options)
    {
        var merged = config.ToDictionary(setting => setting.Key, setting => setting.Value, StringComparer.Ordinal);
        foreach (var (name, value) in options.Kafka)
        {
            merged[name] = value;
        }

        return merged;
    }
}
