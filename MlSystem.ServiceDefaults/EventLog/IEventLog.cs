namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>
/// A durable, partitioned log. Order holds among events of one key; delivery is at least once.
/// Two implementations pass the same contract suite: embedded (SQLite) and Kafka.
/// </summary>
public interface IEventLog
{
    /// <summary>Appends; when the task completes, every event is durable. Either all or none become visible on failure of the embedded log; on Kafka a failed append may have stored a part of the events. The memory of the values may be used again once the task has completed without being cancelled.</summary>
    /// <exception cref="EventTooLargeException">A value is larger than the log accepts.</exception>
    Task AppendAsync(string topic, IReadOnlyCollection<LogEvent> events, CancellationToken cancellationToken);

    /// <summary>Joins a consumer group. Partitions of the topic are shared by the group's live consumers.</summary>
    IEventConsumer Subscribe(string topic, string group, ConsumerOptions? options = null);

    /// <summary>
    /// Where a group stands in every partition of a topic, in the order of the partitions. Who samples <see cref="GroupPosition.End"/>
    /// and waits until <see cref="GroupPosition.Committed"/> has reached it knows that everything appended before the sample is handled.
    /// </summary>
    Task<IReadOnlyList<GroupPosition>> GetPositionsAsync(string topic, string group, CancellationToken cancellationToken);
}

/// <summary>A group's position in one partition.</summary>
/// <param name="Committed">The offset that the group reads next after its last commit; where it would begin when it never committed.</param>
/// <param name="End">The offset behind the newest event; equal to <paramref name="Committed"/> when everything is handled.</param>
public sealed record GroupPosition(int Partition, long Committed, long End);

/// <summary>One member of a consumer group on one topic. Not safe for concurrent calls.</summary>
public interface IEventConsumer : IAsyncDisposable
{
    /// <summary>Waits until at least one event is there and returns up to <paramref name="maxEvents"/> of them, in order within each partition.</summary>
    Task<IReadOnlyList<StoredEvent>> ReadAsync(int maxEvents, CancellationToken cancellationToken);

    /// <summary>Marks everything that <see cref="ReadAsync"/> returned so far as handled; after a crash reading resumes behind the last commit.</summary>
    Task CommitAsync(CancellationToken cancellationToken);

    /// <summary>The partitions that this member reads at the moment; empty before the first read. They change while it reads and commits.</summary>
    IReadOnlyList<int> Assigned { get; }

    /// <summary>Continues reading, in every partition of the topic, with the first event appended at or after a moment.</summary>
    Task SeekAsync(DateTimeOffset from, CancellationToken cancellationToken);
}

/// <summary>An event to append.</summary>
/// <param name="Key">Decides the partition; events of one key keep their order.</param>
/// <param name="Value">The payload, at most 1 MiB by default.</param>
/// <param name="Headers">Header names and values (CloudEvents attributes carry the prefix <c>ce_</c>).</param>
public sealed record LogEvent(string Key, ReadOnlyMemory<byte> Value, IReadOnlyDictionary<string, string> Headers);

/// <summary>An event as the log has it.</summary>
/// <param name="Partition">From 0.</param>
/// <param name="Offset">Ascending within the partition.</param>
/// <param name="Time">When it was appended.</param>
public sealed record StoredEvent(int Partition, long Offset, DateTimeOffset Time, LogEvent Event);

/// <summary>Options of a subscription.</summary>
public sealed record ConsumerOptions
{
    /// <summary>Where a group without a committed offset begins: at the oldest event (default) or behind the newest.</summary>
    public bool StartAtEnd { get; init; }
}

/// <summary>A value exceeds the log's limit; nothing was appended.</summary>
public sealed class EventTooLargeException(string message) : Exception(message);
