using System.Collections.Concurrent;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace MlSystem.ServiceDefaults.EventLog.Kafka;

/// <summary>Makes missing topics, with the fixed number of partitions and the retention that the options state.</summary>
internal sealed partial class KafkaTopics(IAdminClient admin, EventLogServices services)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);

    public async Task EnsureAsync(string topic, CancellationToken cancellationToken)
    {
        if (_known.ContainsKey(topic))
        {
            return;
        }

        if (!await Task.Run(() => Exists(topic), cancellationToken))
        {
            await CreateAsync(topic, cancellationToken);
        }

        _known[topic] = true;
    }

    /// <summary>Looks at all topics: asking for one by name would make the broker create it with its own number of partitions.</summary>
    private bool Exists(string topic) =>
        admin.GetMetadata(Timeout).Topics.Exists(t => string.Equals(t.Topic, topic, StringComparison.Ordinal) && !t.Error.IsError);

    private async Task CreateAsync(string topic, CancellationToken cancellationToken)
    {
        try
        {
            var options = new CreateTopicsOptions { RequestTimeout = Timeout, OperationTimeout = Timeout };
            await admin.CreateTopicsAsync([Specification(topic)], options).WaitAsync(cancellationToken);
        }
        catch (CreateTopicsException error) when (error.Results is [{ Error.Code: ErrorCode.TopicAlreadyExists }])
        {
            // Somebody made it: its number of partitions counts.
        }
        catch (KafkaException error) when (CannotCreate(error))
        {
            // Topics are made by an administrator there, or by the broker at the first use.
            LogNotCreated(topic, error.Message);
        }
    }

    private static bool CannotCreate(KafkaException error) => Code(error) is ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion
        or ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed or ErrorCode.PolicyViolation;

    private static ErrorCode Code(KafkaException error) => (error as CreateTopicsException)?.Results[0].Error.Code ?? error.Error.Code;

    private TopicSpecification Specification(string topic)
    {
        var options = services.Options;
        var age = options.RetentionAge.TotalMilliseconds;
        return new TopicSpecification
        {
            Name = topic,
            NumPartitions = options.Partitions,
            ReplicationFactor = (short)options.KafkaReplicationFactor,
            Configs = new Dictionary<string, string>
            {
                ["retention.ms"] = ((long)Math.Min(age, long.MaxValue / 2)).ToString(CultureInfo.InvariantCulture),
                ["retention.bytes"] = (options.RetentionBytes / options.Partitions).ToString(CultureInfo.InvariantCulture),
                ["max.message.bytes"] = KafkaSettings.MaxMessageBytes(options).ToString(CultureInfo.InvariantCulture),

                // The time of appending, as the interface says, not the producer's.
                ["message.timestamp.type"] = "LogAppendTime",
            },
        };
    }

    private ILogger Logger => services.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Kafka topic {Topic} was not created here: {Reason}")]
    private partial void LogNotCreated(string topic, string reason);
}
