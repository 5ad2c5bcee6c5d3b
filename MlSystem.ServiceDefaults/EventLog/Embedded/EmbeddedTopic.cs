namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>One topic in this process: its writer and the signals of its waiting consumers.</summary>
internal sealed class EmbeddedTopic : IAsyncDisposable
{
    private readonly EventLogServices _services;
    private readonly TopicWriter _writer;
    private volatile SemaphoreSlim[] _consumers = [];

    public EmbeddedTopic(string folder, string name, EventLogServices services)
    {
        (Folder, Name, _services) = (folder, name, services);
        var database = TopicFile.Open(folder, name, services.Options.Partitions);
        Partitions = (int)database.Scalar("SELECT count(*) FROM partitions");
        _writer = new TopicWriter(database, Partitions, services.Options.MaxPendingBytes, services.Time, Appended);
    }

    public string Folder { get; }

    public string Name { get; }

    public int Partitions { get; }

    public Task AppendAsync(IReadOnlyCollection<LogEvent> events, CancellationToken cancellationToken)
    {
        var bytes = EventLimits.Check(Name, events, _services.Options);
        return events.Count == 0 ? Task.CompletedTask : _writer.AppendAsync(events, bytes, cancellationToken);
    }

    public TopicReader OpenReader() => new(TopicFile.Open(Folder, Name, Partitions), Partitions);

    public GroupStore OpenGroup(string group) => new(GroupFile.Open(Folder, Name), group);

    /// <summary>Where a group stands; offsets that retention has passed count as handled.</summary>
    public IReadOnlyList<GroupPosition> Positions(string group)
    {
        using var reader = OpenReader();
        using var store = OpenGroup(group);
        var committed = store.Committed();
        return [.. Enumerable.Range(0, Partitions).Select(p => new GroupPosition(
            p,
            Math.Max(committed.GetValueOrDefault(p), reader.First(p)),
            reader.End(p)))];
    }

    public void Subscribe(SemaphoreSlim wake)
    {
        lock (_writer)
        {
            _consumers = [.. _consumers, wake];
        }
    }

    public void Unsubscribe(SemaphoreSlim wake)
    {
        lock (_writer)
        {
            _consumers = [.. _consumers.Where(c => c != wake)];
        }
    }

    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    private void Appended(long events)
    {
        _services.Metrics.Appended(Name, events);
        lock (_writer)
        {
            foreach (var consumer in _consumers)
            {
                if (consumer.CurrentCount == 0)
                {
                    consumer.Release();
                }
            }
        }
    }
}
