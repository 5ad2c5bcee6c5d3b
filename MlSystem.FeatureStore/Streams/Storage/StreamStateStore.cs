using System.Data.Common;
using MlSystem.FeatureStore.Ingestion;
using static MlSystem.FeatureStore.Streams.Storage.StreamDatabase;

namespace MlSystem.FeatureStore.Streams.Storage;

/// <summary>A partition's state as it is stored.</summary>
/// <param name="Epoch">Grows with every owner; who has an older one can write nothing more.</param>
/// <param name="Steps">What came after the snapshot, in order.</param>
internal sealed record StoredPartition(long Epoch, StreamHeader Header, IReadOnlyList<(int Chunk, byte[] Data)> Chunks, IReadOnlyList<StreamStep> Steps);

/// <summary>Snapshots and steps of the partitions of one generation of a view.</summary>
internal sealed class StreamStateStore(StreamDatabase database, string generation)
{
    private const string Columns = "next_offset, clock_us, created_us, live, serving, silent, floor_us";

    /// <summary>Makes this process the owner of a partition's state and reads it.</summary>
    /// <param name="silent">Of a partition that has none yet.</param>
    public async Task<StoredPartition> ClaimAsync(int partition, bool silent, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var fresh = StreamHeader.New(silent);
        await ExecuteAsync(
            connection,
            $"INSERT INTO stream_partitions (generation, part, epoch, {Columns}, offline_offset, step_clock_us) VALUES (@g, @p, 0, @n, @c, @r, @l, @s, @q, @f, 0, @c) ON CONFLICT (generation, part) DO NOTHING",
            cancellationToken, transaction, [.. Key(partition), .. Values(fresh)]);
        long epoch;
        StreamHeader header;
        await using (var command = Command(
            connection, $"UPDATE stream_partitions SET epoch = epoch + 1 WHERE generation = @g AND part = @p RETURNING epoch, {Columns}", transaction, Key(partition)))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            epoch = reader.GetInt64(0);
            header = new StreamHeader(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetBoolean(4), reader.GetBoolean(5), reader.GetBoolean(6), reader.GetInt64(7));
        }

        var chunks = new List<(int, byte[])>();
        await using (var command = Command(connection, "SELECT chunk, data FROM stream_chunks WHERE generation = @g AND part = @p", transaction, Key(partition)))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                chunks.Add((reader.GetInt32(0), (byte[])reader.GetValue(1)));
            }
        }

        var steps = await StepsAsync(connection, transaction, partition, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new StoredPartition(epoch, header, chunks, steps);
    }

    /// <summary>Writes steps of several partitions down, all or none.</summary>
    /// <param name="epochs">Of the owner, by partition.</param>
    /// <exception cref="StreamFencedException">Another process has taken over a partition.</exception>
    public async Task AppendAsync(IReadOnlyList<StreamStep> steps, Func<int, long> epochs, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var step in steps)
        {
            await HoldAsync(connection, transaction, step.Partition, epochs(step.Partition), "step_clock_us = @c", cancellationToken, ("c", step.ClockUs));
            await ExecuteAsync(
                connection, "INSERT INTO stream_steps (generation, part, seq, kind, to_offset, clock_us, now_us) VALUES (@g, @p, @s, @k, @o, @c, @n)", cancellationToken, transaction,
                [.. Key(step.Partition), ("s", step.Sequence), ("k", (int)step.Kind), ("o", step.ToOffset), ("c", step.ClockUs), ("n", step.NowUs)]);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Notes up to where rows of a partition can be read from Parquet.</summary>
    public async Task OfflineAsync(IReadOnlyDictionary<int, long> offsets, Func<int, long> epochs, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var (partition, offset) in offsets.OrderBy(pair => pair.Key))
        {
            await HoldAsync(connection, transaction, partition, epochs(partition), "offline_offset = @o", cancellationToken, ("o", offset));
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Replaces the snapshot and forgets the steps that led to it, all or nothing.</summary>
    /// <param name="chunks">Those that differ from the last snapshot; an empty one is removed.</param>
    public async Task SnapshotAsync(
        int partition, long epoch, StreamHeader header, long throughSequence, IReadOnlyList<(int Chunk, byte[] Data)> chunks, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await HoldAsync(
            connection, transaction, partition, epoch, "next_offset = @n, clock_us = @c, created_us = @r, live = @l, serving = @s, silent = @q, floor_us = @f", cancellationToken, Values(header));
        foreach (var (chunk, data) in chunks)
        {
            var sql = data.Length == 0
                ? "DELETE FROM stream_chunks WHERE generation = @g AND part = @p AND chunk = @k"
                : "INSERT INTO stream_chunks (generation, part, chunk, data) VALUES (@g, @p, @k, @d) ON CONFLICT (generation, part, chunk) DO UPDATE SET data = excluded.data";
            await ExecuteAsync(connection, sql, cancellationToken, transaction, [.. Key(partition), ("k", chunk), .. data.Length == 0 ? [] : new (string, object?)[] { ("d", data) }]);
        }

        await ExecuteAsync(connection, "DELETE FROM stream_steps WHERE generation = @g AND part = @p AND seq <= @s", cancellationToken, transaction, [.. Key(partition), ("s", throughSequence)]);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Of every partition that has a state: up to where its rows can be read from Parquet, and where its clock is.</summary>
    public async Task<IReadOnlyDictionary<int, (long OfflineOffset, long ClockUs)>> ProgressAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = Command(connection, "SELECT part, offline_offset, step_clock_us FROM stream_partitions WHERE generation = @g", null, ("g", generation));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var progress = new Dictionary<int, (long, long)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            progress[reader.GetInt32(0)] = (reader.GetInt64(1), reader.GetInt64(2));
        }

        return progress;
    }

    /// <summary>Entities in the snapshot of another computation's partition.</summary>
    public async Task<IReadOnlyList<FeatureValue[]>> PreviousEntitiesAsync(string previous, int partition, int joinKeys, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = Command(connection, "SELECT data FROM stream_chunks WHERE generation = @g AND part = @p", null, ("g", previous), ("p", partition));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entities = new List<FeatureValue[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            using var chunk = new BinaryReader(new MemoryStream((byte[])reader.GetValue(0)));
            entities.AddRange(StreamPartition.ReadEntities(chunk, joinKeys).Select(found => found.Entity));
        }

        return entities;
    }

    private async Task<IReadOnlyList<StreamStep>> StepsAsync(DbConnection connection, DbTransaction transaction, int partition, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection, "SELECT seq, kind, to_offset, clock_us, now_us FROM stream_steps WHERE generation = @g AND part = @p ORDER BY seq", transaction, Key(partition));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var steps = new List<StreamStep>();
        while (await reader.ReadAsync(cancellationToken))
        {
            steps.Add(new StreamStep(partition, reader.GetInt64(0), (StreamStepKind)reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4)));
        }

        return steps;
    }

    /// <summary>Locks the partition's row and changes it, if it is still this process's.</summary>
    private async Task HoldAsync(
        DbConnection connection, DbTransaction transaction, int partition, long epoch, string change, CancellationToken cancellationToken, params (string Name, object? Value)[] values)
    {
        var sql = $"UPDATE stream_partitions SET {change} WHERE generation = @g AND part = @p AND epoch = @e";
        if (await ExecuteAsync(connection, sql, cancellationToken, transaction, [.. Key(partition), ("e", epoch), .. values]) == 0)
        {
            throw new StreamFencedException(partition);
        }
    }

    private (string Name, object? Value)[] Key(int partition) => [("g", generation), ("p", partition)];

    private static (string Name, object? Value)[] Values(StreamHeader header) =>
        [("n", header.NextOffset), ("c", header.ClockUs), ("r", header.CreatedUs), ("l", header.IsLive), ("s", header.IsServing), ("q", header.IsSilent), ("f", header.FloorUs)];
}
