using System.Globalization;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>Reads a topic over a connection of its own. Not safe for concurrent calls.</summary>
internal sealed class TopicReader : IDisposable
{
    /// <summary>A read stops after so many bytes of values: 500 events of 1 MiB would not fit into a small container.</summary>
    private const long MaxReadBytes = 16 * 1024 * 1024;

    private readonly SqliteDatabase _database;
    private readonly SqliteStatement[] _range;
    private readonly SqliteStatement[] _timeAt;
    private readonly SqliteStatement[] _first;
    private readonly SqliteStatement _end;
    private readonly SqliteStatement _dataVersion;
    private long _seenVersion = -1;

    public TopicReader(SqliteDatabase database, int partitions)
    {
        _database = database;
        _range = PrepareEach(partitions, "SELECT offset, record FROM {0} WHERE offset >= ?1 ORDER BY offset LIMIT ?2");
        _timeAt = PrepareEach(partitions, "SELECT record FROM {0} WHERE offset >= ?1 ORDER BY offset LIMIT 1");
        _first = PrepareEach(partitions, "SELECT min(offset) FROM {0}");
        _end = database.Prepare("SELECT next FROM partitions WHERE id = ?1");
        _dataVersion = database.Prepare("PRAGMA data_version");
    }

    /// <summary>Whether another connection, of this process or another, has written since the last call. Costs a look into shared memory.</summary>
    public bool Changed()
    {
        _dataVersion.Step();
        var version = _dataVersion.Int64(0);
        _dataVersion.Reset();
        var changed = version != _seenVersion;
        _seenVersion = version;
        return changed;
    }

    /// <summary>Adds up to <paramref name="max"/> events from <paramref name="offset"/> on.</summary>
    public void Read(int partition, long offset, int max, List<StoredEvent> into)
    {
        var statement = _range[partition].Bind(1, offset).Bind(2, max);
        try
        {
            var buffer = new RecordBuffer();
            long next = -1;
            for (long bytes = 0; bytes < MaxReadBytes && statement.Step();)
            {
                // Offsets have no gaps behind the oldest kept event: asking once a read saves a native call a row.
                next = next < 0 ? statement.Int64(0) : next + 1;
                var record = statement.Bytes(1);
                into.Add(EventRecord.Decode(partition, next, record, buffer));
                bytes += record.Length;
            }
        }
        finally
        {
            statement.Reset();
        }
    }

    /// <summary>The oldest offset that is kept, or the end.</summary>
    public long First(int partition)
    {
        _first[partition].Step();
        var first = _first[partition].IsNull(0) ? End(partition) : _first[partition].Int64(0);
        _first[partition].Reset();
        return first;
    }

    /// <summary>The offset that the partition's next event will have.</summary>
    public long End(int partition)
    {
        _end.Bind(1, partition).Step();
        var end = _end.Int64(0);
        _end.Reset();
        return end;
    }

    /// <summary>The first offset appended at or after a moment, or the end.</summary>
    public long OffsetAt(int partition, DateTimeOffset from)
    {
        var time = from.ToUnixTimeMilliseconds();
        if (time < from.Ticks / TimeSpan.TicksPerMillisecond - DateTimeOffset.UnixEpoch.Ticks / TimeSpan.TicksPerMillisecond)
        {
            time++;
        }

        var low = First(partition);
        var high = End(partition);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (TimeAt(partition, middle) is not { } at || at >= time)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    /// <summary>When the first kept event at or behind an offset was appended (Unix milliseconds).</summary>
    public long? TimeAt(int partition, long offset)
    {
        var statement = _timeAt[partition].Bind(1, offset);
        long? time = statement.Step() ? EventRecord.Time(statement.Bytes(0)) : null;
        statement.Reset();
        return time;
    }

    public void Dispose() => _database.Dispose();

    private SqliteStatement[] PrepareEach(int partitions, string sql) =>
        [.. Enumerable.Range(0, partitions).Select(p => _database.Prepare(string.Format(CultureInfo.InvariantCulture, sql, "p" + p.ToString(CultureInfo.InvariantCulture))))];
}
