using System.Collections.Concurrent;
using Confluent.Kafka;

namespace MlSystem.ServiceDefaults.EventLog.Kafka;

/// <summary>Looks up where groups stand, with clients that never join them.</summary>
internal sealed class KafkaPositions(string servers, EventLogOptions options) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<string, IConsumer<Ignore, Ignore>> _clients = new(StringComparer.Ordinal);

    public Task<IReadOnlyList<GroupPosition>> GetAsync(string topic, string group, IAdminClient admin, CancellationToken cancellationToken) =>
        Task.Run<IReadOnlyList<GroupPosition>>(() => Get(topic, KafkaSettings.GroupId(group, topic), admin), cancellationToken);

    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
    }

    private List<GroupPosition> Get(string topic, string groupId, IAdminClient admin)
    {
        var partitions = admin.GetMetadata(topic, Timeout).Topics.Single().Partitions
            .OrderBy(p => p.PartitionId)
            .Select(p => new TopicPartition(topic, p.PartitionId))
            .ToList();
        var client = _clients.GetOrAdd(groupId, id => new ConsumerBuilder<Ignore, Ignore>(KafkaSettings.Consumer(servers, id, new ConsumerOptions(), options)).Build());
        var committed = client.Committed(partitions, Timeout).ToDictionary(p => p.Partition.Value, p => p.Offset);
        return partitions.ConvertAll(p =>
        {
            var ends = client.QueryWatermarkOffsets(p, Timeout);
            var next = committed[p.Partition.Value] is { IsSpecial: false } offset ? Math.Max(offset.Value, ends.Low.Value) : ends.Low.Value;
            return new GroupPosition(p.Partition.Value, next, ends.High.Value);
        });
    }
}
