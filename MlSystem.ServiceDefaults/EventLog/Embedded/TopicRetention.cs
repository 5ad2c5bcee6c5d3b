using System.Globalization;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>Removes old events of a topic, by age and by size, in short transactions so that appends get their turn between.</summary>
internal sealed class TopicRetention : IDisposable
{
    /// <summary>Rows per transaction: about 10 ms.</summary>
    private const int Chunk = 2000;

    private readonly SqliteDatabase _database;
    private readonly TopicReader _reader;
    private readonly SqliteStatement[] _chunk;
    private readonly SqliteStatement[] _delete;
    private readonly SqliteStatement _bytes;
    private readonly SqliteStatement _subtract;

    public TopicRetention(EmbeddedTopic topic)
    {
        _database = TopicFile.Open(topic.Folder, topic.Name, topic.Partitions);
        _reader = topic.OpenReader();
        _chunk = PrepareEach(topic.Partitions, "SELECT max(offset), sum(length(record)) FROM (SELECT * FROM {0} WHERE offset < ?1 ORDER BY offset LIMIT ?2)");
        _delete = PrepareEach(topic.Partitions, "DELETE FROM {0} WHERE offset <= ?1");
        _bytes = _database.Prepare("SELECT sum(bytes) FROM partitions");
        _subtract = _database.Prepare("UPDATE partitions SET bytes = bytes - ?2 WHERE id = ?1");
    }

    /// <summary>Removes what is older than <paramref name="cutoff"/>, then the oldest until at most <paramref name="maxBytes"/> stay.</summary>
    public async Task ApplyAsync(DateTimeOffset cutoff, long maxBytes, CancellationToken cancellationToken)
    {
        for (var p = 0; p < _chunk.Length; p++)
        {
            var before = _reader.OffsetAt(p, cutoff);
            while (DeleteChunk(p, before, Chunk))
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        while (Bytes() > maxBytes && PartitionWithOldest() is { } partition)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // Small steps: partitions take turns, so that all keep about the same age.
            DeleteChunk(partition, long.MaxValue, 100);
            await Task.Yield();
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _database.Dispose();
    }

    private bool DeleteChunk(int partition, long before, int rows)
    {
        var deleted = false;
        _database.Write(() =>
        {
            var chunk = _chunk[partition].Bind(1, before).Bind(2, rows);
            chunk.Step();
            deleted = !chunk.IsNull(0);
            var (last, bytes) = (chunk.Int64(0), chunk.Int64(1));
            chunk.Reset();
            if (deleted)
            {
                _delete[partition].Bind(1, last).Run();
                _subtract.Bind(1, partition).Bind(2, bytes).Run();
            }
        });
        return deleted;
    }

    private long Bytes()
    {
        _bytes.Step();
        var bytes = _bytes.Int64(0);
        _bytes.Reset();
        return bytes;
    }

    private int? PartitionWithOldest()
    {
        (int? Partition, long Time) oldest = (null, long.MaxValue);
        for (var p = 0; p < _chunk.Length; p++)
        {
            if (_reader.TimeAt(p, 0) is { } time && time < oldest.Time)
            {
                oldest = (p, time);
            }
        }

        return oldest.Partition;
    }

    private SqliteStatement[] PrepareEach(int partitions, string sql) =>
        [.. Enumerable.Range(0, partitions).Select(p => _database.Prepare(string.Format(CultureInfo.InvariantCulture, sql, "p" + p.ToString(CultureInfo.InvariantCulture))))];
}
