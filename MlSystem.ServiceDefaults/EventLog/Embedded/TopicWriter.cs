using System.Threading.Channels;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>
/// Writes appends of this process to a topic: all that wait go into one durable transaction (group commit), so that the
/// cost of the disk's flush is shared. Other processes do the same; SQLite's write lock orders them.
/// </summary>
internal sealed class TopicWriter : IAsyncDisposable
{
    private const int MaxTransactionEvents = 10_000;
    private const long MaxTransactionBytes = 16 * 1024 * 1024;

    private readonly Channel<PendingAppend> _queue = Channel.CreateUnbounded<PendingAppend>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ByteBudget _budget;
    private readonly TopicTransaction _transaction;
    private readonly Action<long> _appended;
    private readonly List<PendingAppend> _batch = [];
    private readonly Task _loop;

    public TopicWriter(SqliteDatabase database, int partitions, long maxPendingBytes, TimeProvider time, Action<long> appended)
    {
        _budget = new ByteBudget(maxPendingBytes);
        _transaction = new TopicTransaction(database, partitions, time);
        _appended = appended;
        _loop = Task.Run(RunAsync);
    }

    public async Task AppendAsync(IReadOnlyCollection<LogEvent> events, long bytes, CancellationToken cancellationToken)
    {
        await _budget.AcquireAsync(bytes, cancellationToken);
        var append = new PendingAppend(events, bytes);
        if (!_queue.Writer.TryWrite(append))
        {
            _budget.Release(bytes);
            throw new ObjectDisposedException(nameof(EmbeddedEventLog), "The event log is shut down.");
        }

        await using var registration = cancellationToken.Register(() => append.Cancel(cancellationToken));
        await append.Task;
    }

    /// <summary>Writes what was accepted, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        _transaction.Dispose();
    }

    private async Task RunAsync()
    {
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            Collect();
            if (_batch.Count == 0)
            {
                continue;
            }

            var events = 0;
            try
            {
                events = await _transaction.WriteAsync(_batch);
                _batch.ForEach(append => append.SetResult());
            }
            catch (Exception error)
            {
                _batch.ForEach(append => append.SetException(error));
            }

            _batch.ForEach(append => _budget.Release(append.Bytes));
            _batch.Clear();
            if (events > 0)
            {
                _appended(events);
            }
        }
    }

    private void Collect()
    {
        long bytes = 0;
        var events = 0;
        while (_queue.Reader.TryPeek(out var next)
            && (_batch.Count == 0 || (bytes + next.Bytes <= MaxTransactionBytes && events + next.Events.Count <= MaxTransactionEvents)))
        {
            _queue.Reader.TryRead(out _);
            if (next.TryTake())
            {
                _batch.Add(next);
                bytes += next.Bytes;
                events += next.Events.Count;
            }
            else
            {
                _budget.Release(next.Bytes);
            }
        }
    }
}
