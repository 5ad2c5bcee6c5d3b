using Microsoft.Extensions.Logging;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>Reads the partitions that its group gives it. A background loop keeps the lease while a handler is busy.</summary>
internal sealed partial class EmbeddedConsumer : IEventConsumer
{
    private static readonly TimeSpan UnbalancedRenewal = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly EmbeddedTopic _topic;
    private readonly string _group;
    private readonly EventLogServices _services;
    private readonly TopicReader _reader;
    private readonly GroupStore _store;
    private readonly GroupMember _member;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _closing = new();
    private readonly TimeSpan _renewal;
    private readonly Task _heartbeat;
    private DateTimeOffset _nextRenewal = DateTimeOffset.MinValue;
    private int _turn;
    private long _lag;
    private bool _disposed;

    public EmbeddedConsumer(EmbeddedTopic topic, string group, ConsumerOptions options, ProcessMark process, EventLogServices services)
    {
        (_topic, _group, _services) = (topic, group, services);
        _reader = topic.OpenReader();
        _store = topic.OpenGroup(group);
        var ends = options.StartAtEnd ? Enumerable.Range(0, topic.Partitions).Select(_reader.End).ToArray() : new long[topic.Partitions];
        _member = new GroupMember(_store, process, topic.Folder, topic.Partitions, p => ends[p], services.Options.LeaseDuration, services.Time);
        _renewal = services.Options.LeaseDuration / 5;
        _topic.Subscribe(_wake);
        _services.Metrics.Observe(this, topic.Name, group, () => Interlocked.Read(ref _lag));
        _heartbeat = Task.Run(KeepLeaseAsync);
    }

    public IReadOnlyList<int> Assigned
    {
        get
        {
            lock (_gate)
            {
                return [.. _member.Owned.Select(partition => partition.Partition)];
            }
        }
    }

    public async Task<IReadOnlyList<StoredEvent>> ReadAsync(int maxEvents, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEvents, 1);
        for (var look = true; ; look = await WaitAsync(cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var events = look ? Read(maxEvents) : [];
            if (events.Count > 0)
            {
                _services.Metrics.Consumed(_topic.Name, _group, events.Count);
                return events;
            }
        }
    }

    public Task CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Report(_member.Commit());
            if (_member.Unbalanced)
            {
                // What was being handled held the partition back: give it up now.
                Renew();
            }
        }

        return Task.CompletedTask;
    }

    public Task SeekAsync(DateTimeOffset from, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Renew();
            foreach (var partition in _member.Owned)
            {
                partition.Position = _reader.OffsetAt(partition.Partition, from);
            }
        }

        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        await _closing.CancelAsync();
        await _heartbeat;
        _services.Metrics.Forget(this);
        _topic.Unsubscribe(_wake);
        lock (_gate)
        {
            _member.Leave();
            _reader.Dispose();
            _store.Dispose();
        }

        _closing.Dispose();
        _wake.Dispose();
    }

    /// <summary>True when events may be there: something was written, or the partitions changed.</summary>
    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        // SQLite has no notification across processes; asking for its change counter every few milliseconds costs microseconds.
        if (await _wake.WaitAsync(_services.Options.PollInterval, cancellationToken))
        {
            return true;
        }

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _reader.Changed() || Due();
        }
    }

    private List<StoredEvent> Read(int max)
    {
        var events = new List<StoredEvent>(Math.Min(max, 1024));
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (Due() || _member.Expired)
            {
                Renew();
            }

            var now = _services.Time.GetUtcNow();
            var owned = _member.Owned;
            foreach (var partition in owned.Concat(owned).Skip(owned.Count == 0 ? 0 : _turn++ % owned.Count).Take(owned.Count))
            {
                if (events.Count >= max)
                {
                    break;
                }

                ReadPartition(partition, max - events.Count, events, now);
            }
        }

        return events;
    }

    private void ReadPartition(OwnedPartition partition, int max, List<StoredEvent> events, DateTimeOffset now)
    {
        var before = events.Count;
        _reader.Read(partition.Partition, partition.Position, max, events);
        if (events.Count == before)
        {
            return;
        }

        if (events[before].Offset - partition.Position is > 0 and var skipped)
        {
            _services.Metrics.Skipped(_topic.Name, _group, skipped);
            LogSkipped(_topic.Name, partition.Partition, _group, skipped);
        }

        partition.Position = events[^1].Offset + 1;
        partition.DirtySince ??= now;
    }

    private bool Due() => _services.Time.GetUtcNow() >= _nextRenewal;

    private void Renew()
    {
        Report(_member.Renew());
        _nextRenewal = _services.Time.GetUtcNow() + (_member.Unbalanced ? UnbalancedRenewal : _renewal);
        Interlocked.Exchange(ref _lag, _member.Owned.Sum(p => Math.Max(0, _reader.End(p.Partition) - p.Position)));
    }

    private void Report(IReadOnlyList<int> lost)
    {
        foreach (var partition in lost)
        {
            _services.Metrics.Fenced(_topic.Name, _group);
            LogLost(_topic.Name, partition, _group);
        }
    }

    private async Task KeepLeaseAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(_renewal, _services.Time, _closing.Token);
                lock (_gate)
                {
                    if (!_disposed && Due())
                    {
                        Renew();
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Closing.
        }
        catch (IOException error)
        {
            // The next read renews itself and reports the same error to its caller.
            LogHeartbeat(_topic.Name, _group, error.Message);
        }
    }

    private ILogger Logger => _services.Logger;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Topic {Topic} partition {Partition}: another member of group {Group} took it over; what was not committed is delivered there again")]
    private partial void LogLost(string topic, int partition, string group);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Topic {Topic} partition {Partition}: retention removed {Skipped} events before group {Group} read them")]
    private partial void LogSkipped(string topic, int partition, string group, long skipped);

    [LoggerMessage(Level = LogLevel.Error, Message = "Topic {Topic}: the lease of group {Group} could not be renewed: {Reason}")]
    private partial void LogHeartbeat(string topic, string group, string reason);
}
