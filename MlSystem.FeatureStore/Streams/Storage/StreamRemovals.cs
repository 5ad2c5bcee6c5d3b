using static MlSystem.FeatureStore.Streams.Storage.StreamDatabase;

namespace MlSystem.FeatureStore.Streams.Storage;

/// <summary>Entities that are to be removed from the state, until every owner of a partition has done it.</summary>
public sealed class StreamRemovals(StreamDatabase database)
{
    /// <summary>Asks every partition of a view's computations for the removal of an entity.</summary>
    internal async Task AskAsync(string view, string entity, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await ExecuteAsync(
            connection,
            """
            INSERT INTO stream_removals (view_name, entity, generation, part)
            SELECT g.view_name, @e, g.generation, p.part FROM stream_generations g JOIN stream_partitions p ON p.generation = g.generation WHERE g.view_name = @v
            ON CONFLICT (view_name, entity, generation, part) DO NOTHING
            """,
            cancellationToken, null, ("v", view), ("e", entity));
    }

    internal async Task<long> OpenAsync(string view, string entity, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = Command(connection, "SELECT COUNT(*) FROM stream_removals WHERE view_name = @v AND entity = @e", null, ("v", view), ("e", entity));
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), System.Globalization.CultureInfo.InvariantCulture);
    }

    internal async Task<IReadOnlyList<(int Partition, string Entity)>> OfAsync(string generation, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = Command(connection, "SELECT part, entity FROM stream_removals WHERE generation = @g", null, ("g", generation));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<(int, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetInt32(0), reader.GetString(1)));
        }

        return found;
    }

    internal async Task DoneAsync(string generation, int partition, string entity, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await ExecuteAsync(
            connection, "DELETE FROM stream_removals WHERE generation = @g AND part = @p AND entity = @e", cancellationToken, null, ("g", generation), ("p", partition), ("e", entity));
    }
}
