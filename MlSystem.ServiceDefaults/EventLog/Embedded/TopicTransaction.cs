using System.Buffers;
using System.Globalization;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>Writes several appends in one durable transaction.</summary>
internal sealed class TopicTransaction : IDisposable
{
    /// <summary>Time between two tries for the write lock; the other process's transaction takes a few milliseconds.</summary>
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(60);

    private readonly SqliteDatabase _database;
    private readonly TimeProvider _time;
    private readonly SqliteStatement[] _insert;
    private readonly SqliteStatement _state;
    private readonly SqliteStatement _save;
    private readonly PartitionState?[] _states;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(4096);

    public TopicTransaction(SqliteDatabase database, int partitions, TimeProvider time)
    {
        _database = database;
        _time = time;
        _insert = [.. Enumerable.Range(0, partitions).Select(p => database.Prepare(
            string.Create(CultureInfo.InvariantCulture, $"INSERT INTO p{p}(offset, record) VALUES (?1, ?2)")))];
        _state = database.Prepare("SELECT next, time FROM partitions WHERE id = ?1");
        _save = database.Prepare("UPDATE partitions SET next = ?2, time = ?3, bytes = bytes + ?4 WHERE id = ?1");
        _states = new PartitionState?[partitions];

        // The lock is awaited, not blocked on: a blocked pool thread for each busy topic would starve a small machine.
        database.SetBusyTimeout(TimeSpan.Zero);
    }

    /// <summary>Returns the number of events written; when it throws, none is.</summary>
    public async Task<int> WriteAsync(List<PendingAppend> appends)
    {
        await BeginAsync();
        try
        {
            var events = WriteEvents(appends);
            _database.Execute("COMMIT");
            return events;
        }
        catch
        {
            _database.Rollback();
            throw;
        }
        finally
        {
            Array.Clear(_states);
        }
    }

    public void Dispose() => _database.Dispose();

    private async Task BeginAsync()
    {
        // Paced by the real clock, since the lock's holder is another process.
        var start = TimeProvider.System.GetTimestamp();
        while (!_database.TryBeginWrite())
        {
            if (TimeProvider.System.GetElapsedTime(start) > LockTimeout)
            {
                throw new IOException($"Event log file {_database.Path} stayed locked by another process for {LockTimeout.TotalSeconds} s; nothing was appended.");
            }

            await Task.Delay(LockRetry, TimeProvider.System, CancellationToken.None);
        }
    }

    private int WriteEvents(List<PendingAppend> appends)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var count = 0;
        foreach (var append in appends)
        {
            foreach (var e in append.Events)
            {
                Insert(e, now);
                count++;
            }
        }

        for (var p = 0; p < _states.Length; p++)
        {
            if (_states[p] is { } state)
            {
                _save.Bind(1, p).Bind(2, state.Next).Bind(3, state.Time).Bind(4, state.Bytes).Run();
            }
        }

        return count;
    }

    private void Insert(LogEvent e, long now)
    {
        var p = KeyPartition.Of(e.Key, _insert.Length);
        var state = _states[p] ??= Load(p, now);
        var length = EventRecord.Encode(e, state.Time, ref _buffer);
        _insert[p].Bind(1, state.Next).BindBlob(2, _buffer.AsSpan(0, length)).Run();
        state.Bytes += length;
        state.Next++;
    }

    /// <summary>Times never go back within a partition, whatever the clock does: looking up by time is a binary search.</summary>
    private PartitionState Load(int partition, long now)
    {
        _state.Bind(1, partition).Step();
        var state = new PartitionState { Next = _state.Int64(0), Time = Math.Max(now, _state.Int64(1)) };
        _state.Reset();
        return state;
    }

    private sealed class PartitionState
    {
        public long Next { get; set; }

        public long Time { get; init; }

        public long Bytes { get; set; }
    }
}
