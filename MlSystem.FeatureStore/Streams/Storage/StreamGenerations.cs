using System.Security.Cryptography;
using System.Text;
using MlSystem.FeatureStore.Definitions;
using static MlSystem.FeatureStore.Streams.Storage.StreamDatabase;

namespace MlSystem.FeatureStore.Streams.Storage;

/// <summary>A computation of a view from the first event on. A definition that computes something else begins another one.</summary>
/// <param name="Id">Part of the consumer group's name; never used twice.</param>
/// <param name="Previous">The one that it takes the place of, until it serves.</param>
public sealed record StreamGeneration(string Id, string? Previous);

/// <summary>Which computation each view has.</summary>
public sealed class StreamGenerations(StreamDatabase database, TimeProvider time)
{
    /// <summary>The computation of a definition; a new one where what it computes has changed.</summary>
    public async Task<StreamGeneration> FindAsync(StreamFeatureView view, SourceDefinition source, CancellationToken cancellationToken)
    {
        var fingerprint = Fingerprint(view, source);
        await using var connection = await database.OpenAsync(cancellationToken);
        var id = Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
        await ExecuteAsync(
            connection, "INSERT INTO stream_generations (view_name, generation, fingerprint) VALUES (@v, @i, @f) ON CONFLICT (view_name) DO NOTHING", cancellationToken, null,
            ("v", view.Name), ("i", id), ("f", fingerprint));
        await ExecuteAsync(
            connection, "UPDATE stream_generations SET previous = generation, generation = @i, fingerprint = @f WHERE view_name = @v AND fingerprint <> @f", cancellationToken, null,
            ("v", view.Name), ("i", id), ("f", fingerprint));
        await using var command = Command(connection, "SELECT generation, previous FROM stream_generations WHERE view_name = @v", null, ("v", view.Name));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new StreamGeneration(reader.GetString(0), await reader.IsDBNullAsync(1, cancellationToken) ? null : reader.GetString(1));
    }

    /// <summary>Every view that has a state.</summary>
    public async Task<IReadOnlyList<string>> ViewsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = Command(connection, "SELECT view_name FROM stream_generations", null);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var views = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            views.Add(reader.GetString(0));
        }

        return views;
    }

    /// <summary>The computation of a view that has one.</summary>
    internal async Task<string> NameAsync(string view, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = Command(connection, "SELECT generation FROM stream_generations WHERE view_name = @v", null, ("v", view));
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Deletes all state of a view that is gone.</summary>
    public async Task DeleteAsync(string view, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var table in (string[])["stream_chunks", "stream_steps", "stream_partitions"])
        {
            await ExecuteAsync(
                connection, $"DELETE FROM {table} WHERE generation IN (SELECT generation FROM stream_generations WHERE view_name = @v UNION SELECT previous FROM stream_generations WHERE view_name = @v)",
                cancellationToken, transaction, ("v", view));
        }

        foreach (var table in (string[])["stream_removals", "stream_generations"])
        {
            await ExecuteAsync(connection, $"DELETE FROM {table} WHERE view_name = @v", cancellationToken, transaction, ("v", view));
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>The state of one partition of a computation that was replaced is not needed any more.</summary>
    public async Task DeletePreviousAsync(string generation, int partition, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var table in (string[])["stream_chunks", "stream_steps", "stream_partitions"])
        {
            await ExecuteAsync(connection, $"DELETE FROM {table} WHERE generation = @g AND part = @p", cancellationToken, transaction, ("g", generation), ("p", partition));
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>What decides the numbers: not the owner, the TTL or how long is waited for late events.</summary>
    private static string Fingerprint(StreamFeatureView view, SourceDefinition source)
    {
        var parts = new List<string> { source.Topic!, source.Filter ?? "", view.Definition.EventTimestampColumn, view.Definition.Repartition.ToString() };
        parts.AddRange(view.View.JoinKeys.Select(key => $"{key.Name} {key.Datatype}"));
        parts.AddRange((source.Columns ?? []).Select(column => $"{column.Name} {column.Datatype} {column.Field} {column.Unit}"));
        parts.AddRange(view.Features.Select(feature =>
            $"{feature.Name} {feature.Datatype} {feature.Aggregation.Function} {feature.Column?.Name} {feature.Aggregation.Quantile} {feature.Window.Type} {feature.Window.SizeSeconds} {feature.Window.HopSeconds}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));
    }
}
