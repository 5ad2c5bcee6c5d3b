using System.Globalization;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Entities;

/// <summary>
/// The entity rows of a historical read as DuckDB table <c>entities</c>: the request's columns, and <see cref="Row"/> (from 0 without gaps, which is also the
/// order of the table) and <see cref="LabelUs"/>.
/// </summary>
public sealed class EntityTable
{
    public const string Row = "__row";
    public const string LabelUs = "__label_us";

    /// <summary>Columns of the request, in its order.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    public long Rows { get; private init; }

    /// <summary>First label time, in microseconds since 1970-01-01T00:00:00Z; 0 without rows.</summary>
    public long FirstUs { get; private init; }

    /// <summary>Last label time.</summary>
    public long LastUs { get; private init; }

    /// <summary>Takes rows from a relation of DuckDB: join keys in any type that reads as theirs, the label time as a time, a date or text.</summary>
    /// <param name="relation">What stands behind FROM, for instance <c>read_parquet('…')</c>.</param>
    /// <exception cref="HistoricalRefusedException">422 with every mistake.</exception>
    public static async Task<EntityTable> LoadAsync(DuckDBConnection connection, HistoricalRequest request, string relation, CancellationToken cancellationToken)
    {
        var columns = await DescribeAsync(connection, relation, cancellationToken);
        var mistakes = new EntityMistakes(request);
        mistakes.CheckColumns([.. columns.Select(column => column.Name)]);
        var selected = new List<string>();
        var converted = new List<string>();
        foreach (var (name, type) in columns)
        {
            var (sql, error) = EntityValues.Convert(request, name, type);
            error ??= request.RequestColumns.FirstOrDefault(field => field.Name == name) is { } requested
                ? await UnreadableAsync(connection, relation, requested, sql, type, cancellationToken)
                : null;
            sql = error is null ? sql : DuckDb.Name(name);
            selected.Add($"{sql} AS {DuckDb.Name(name)}");
            if (error is not null)
            {
                mistakes.Add(name, error);
            }
            else if (request.IsKeyOrTime(name))
            {
                converted.Add(name);
            }
        }

        if (mistakes.Any(request.EventTimestampColumn))
        {
            mistakes.ThrowIfAny();
        }

        // Where columns have the wrong name the values of the others are looked at all the same.
        await DuckDb.ExecuteAsync(
            connection,
            $"CREATE TABLE entities AS SELECT {Row}, epoch_us({DuckDb.Name(request.EventTimestampColumn)})::BIGINT AS {LabelUs}, * EXCLUDE ({Row}) "
            + $"FROM (SELECT (row_number() OVER ()) - 1 AS {Row}, {string.Join(", ", selected)} FROM {relation})",
            cancellationToken);
        foreach (var column in converted)
        {
            await CheckValuesAsync(connection, column, mistakes, cancellationToken);
        }

        mistakes.ThrowIfAny();
        return await MeasureAsync(connection, [.. columns.Select(column => column.Name)], cancellationToken);
    }

    /// <summary>Which values of a column that may be missing are there and don't read.</summary>
    private static async Task<string?> UnreadableAsync(DuckDBConnection connection, string relation, Field column, string sql, string type, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        var name = DuckDb.Name(column.Name);
        command.CommandText = $"SELECT count(*), min({Row}) FROM (SELECT (row_number() OVER ()) - 1 AS {Row}, {name} FROM {relation}) WHERE {name} IS NOT NULL AND ({sql}) IS NULL";
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return reader.GetInt64(0) is > 0 and var count
                ? string.Create(CultureInfo.InvariantCulture, $"{count} values are not {column.Datatype.Name()}, the first in row {reader.GetInt64(1)} (from 0).")
                : null;
        }
        catch (DuckDBException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"The column is {type}; the request column is {column.Datatype.Name()}.";
        }
    }

    /// <summary>Notes how many rows the table has, and their times.</summary>
    internal static async Task<EntityTable> MeasureAsync(DuckDBConnection connection, IReadOnlyList<string> columns, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*), coalesce(min({LabelUs}), 0), coalesce(max({LabelUs}), 0) FROM entities";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new EntityTable { Columns = columns, Rows = reader.GetInt64(0), FirstUs = reader.GetInt64(1), LastUs = reader.GetInt64(2) };
    }

    private static async Task<IReadOnlyList<(string Name, string Type)>> DescribeAsync(DuckDBConnection connection, string relation, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"DESCRIBE SELECT * FROM {relation}";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var columns = new List<(string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            columns.Add((reader.GetString(0), reader.GetString(1)));
        }

        return columns;
    }

    private static async Task CheckValuesAsync(DuckDBConnection connection, string column, EntityMistakes mistakes, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*), min({Row}) FROM entities WHERE {DuckDb.Name(column)} IS NULL";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (reader.GetInt64(0) is > 0 and var count)
        {
            mistakes.Add(column, string.Create(CultureInfo.InvariantCulture, $"{count} values are missing or of the wrong type, the first in row {reader.GetInt64(1)} (from 0)."));
        }
    }
}
