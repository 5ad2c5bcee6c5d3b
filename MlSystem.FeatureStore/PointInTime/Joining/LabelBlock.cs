using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.PointInTime.Entities;

namespace MlSystem.FeatureStore.PointInTime.Joining;

/// <summary>Consecutive label rows, grouped by entity and sorted by time in it. A place in that order is a slot.</summary>
internal sealed class LabelBlock
{
    /// <summary>Table of the block's entities: their join keys and <c>__id</c>, from 0 without gaps.</summary>
    public const string Ids = "__ids";

    private LabelBlock(int rows, int entities)
    {
        (Start, TimesUs, SlotOf) = (new int[entities + 1], new long[rows], new int[rows]);
    }

    /// <summary>First slot of every entity, and the end.</summary>
    public int[] Start { get; }

    /// <summary>Label time of every slot, ascending in each entity.</summary>
    public long[] TimesUs { get; }

    /// <summary>Slot of every row of the block.</summary>
    public int[] SlotOf { get; }

    public int Rows => SlotOf.Length;

    /// <param name="first">First row, from 0.</param>
    public static async Task<LabelBlock> ReadAsync(DuckDBConnection connection, FeatureView view, long first, int rows, CancellationToken cancellationToken)
    {
        var keys = string.Join(", ", view.JoinKeys.Select(key => DuckDb.Name(key.Name)));
        var some = $"{EntityTable.Row} >= {first} AND {EntityTable.Row} < {first + rows}";
        await DuckDb.ExecuteAsync(
            connection,
            $"CREATE OR REPLACE TABLE {Ids} AS SELECT (row_number() OVER ())::INTEGER - 1 AS __id, * FROM (SELECT DISTINCT {keys} FROM entities WHERE {some})",
            cancellationToken);
        var block = new LabelBlock(rows, await CountAsync(connection, cancellationToken));
        var on = string.Join(" AND ", view.JoinKeys.Select(key => $"e.{DuckDb.Name(key.Name)} = i.{DuckDb.Name(key.Name)}"));
        using var labels = new ChunkStream(
            connection,
            $"SELECT i.__id, e.{EntityTable.LabelUs}, (e.{EntityTable.Row} - {first})::INTEGER FROM entities e JOIN {Ids} i ON {on} WHERE {some} ORDER BY 1, 2",
            cancellationToken);
        block.Fill(labels);
        return block;
    }

    private static async Task<int> CountAsync(DuckDBConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*)::INTEGER FROM {Ids}";
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private void Fill(ChunkStream labels)
    {
        var slot = 0;
        while (labels.Next())
        {
            var ids = labels.Vector(0).Values<int>(labels.Size);
            var times = labels.Vector(1).Values<long>(labels.Size);
            var rows = labels.Vector(2).Values<int>(labels.Size);
            for (var i = 0; i < labels.Size; i++, slot++)
            {
                Start[ids[i] + 1] = slot + 1;
                TimesUs[slot] = times[i];
                SlotOf[rows[i]] = slot;
            }
        }

        if (slot != Rows)
        {
            throw new InvalidOperationException($"{Rows} label rows had {slot} entities.");
        }
    }
}
