using System.Collections.Concurrent;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>The event log in SQLite files of one folder, shared by every process of the machine that opens the folder.</summary>
internal sealed class EmbeddedEventLog : IEventLog, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<EmbeddedTopic>> _topics = new(StringComparer.Ordinal);
    private readonly string _folder;
    private readonly EventLogServices _services;
    private readonly Lazy<ProcessMark> _process;

    public EmbeddedEventLog(string folder, EventLogServices services)
    {
        (_folder, _services) = (folder, services);
        _process = new Lazy<ProcessMark>(() => new ProcessMark(_folder, Guid.CreateVersion7(services.Time.GetUtcNow()).ToString("N")));
    }

    public async Task AppendAsync(string topic, IReadOnlyCollection<LogEvent> events, CancellationToken cancellationToken) =>
        await Topic(topic).AppendAsync(events, cancellationToken);

    public IEventConsumer Subscribe(string topic, string group, ConsumerOptions? options = null)
    {
        EventLimits.CheckName(group, nameof(group));
        return new EmbeddedConsumer(Topic(topic), group, options ?? new ConsumerOptions(), _process.Value, _services);
    }

    public Task<IReadOnlyList<GroupPosition>> GetPositionsAsync(string topic, string group, CancellationToken cancellationToken)
    {
        EventLimits.CheckName(group, nameof(group));
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Topic(topic).Positions(group));
    }

    /// <summary>Opens every topic that is there: a damaged file is found at start, not at its first use.</summary>
    public void OpenExisting()
    {
        foreach (var name in ExistingTopics())
        {
            using var reader = Topic(name).OpenReader();
            for (var p = 0; p < Topic(name).Partitions; p++)
            {
                reader.Read(p, reader.End(p) - 1, 1, []);
            }
        }
    }

    /// <summary>Removes a topic's events older than <paramref name="cutoff"/>, then its oldest until at most <paramref name="maxBytes"/> stay.</summary>
    public async Task ApplyRetentionAsync(string topic, DateTimeOffset cutoff, long maxBytes, CancellationToken cancellationToken)
    {
        using var retention = new TopicRetention(Topic(topic));
        await retention.ApplyAsync(cutoff, maxBytes, cancellationToken);
    }

    public IEnumerable<string> ExistingTopics() =>
        Directory.CreateDirectory(_folder).EnumerateFiles("*" + TopicFile.Suffix)
            .Select(file => file.Name[..^TopicFile.Suffix.Length])
            .Order(StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        foreach (var topic in _topics.Values)
        {
            await topic.Value.DisposeAsync();
        }

        if (_process.IsValueCreated)
        {
            _process.Value.Dispose();
        }
    }

    private EmbeddedTopic Topic(string name)
    {
        if (_topics.TryGetValue(name, out var topic))
        {
            return topic.Value;
        }

        EventLimits.CheckName(name, "topic");
        Directory.CreateDirectory(_folder);
        topic = _topics.GetOrAdd(name, n => new Lazy<EmbeddedTopic>(() => new EmbeddedTopic(_folder, n, _services)));
        try
        {
            return topic.Value;
        }
        catch
        {
            // A Lazy keeps its exception: forget it, so that the next call tries again.
            _topics.TryRemove(new KeyValuePair<string, Lazy<EmbeddedTopic>>(name, topic));
            throw;
        }
    }
}
