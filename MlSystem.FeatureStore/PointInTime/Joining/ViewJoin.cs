using System.Globalization;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.PointInTime.Entities;

namespace MlSystem.FeatureStore.PointInTime.Joining;

/// <summary>Joins the label rows with one view into a table of the wanted features, a row for each label row in its order.</summary>
internal sealed class ViewJoin(DuckDBConnection connection, FeatureView view, IReadOnlyList<HistoricalFeature> features, IReadOnlyList<OfflineFile> files)
{
    /// <summary>More readers than this wait for each other's disk.</summary>
    private const int MaxWorkers = 8;

    private readonly Datatype[] _datatypes = [.. features.Select(feature => Carried(feature.Datatype))];

    /// <param name="memoryBytes">For the labels that are joined at once; more of them take several passes over the files.</param>
    public async Task RunAsync(string table, EntityTable entities, long memoryBytes, CancellationToken cancellationToken)
    {
        var columns = features.Select((feature, i) => $"{DuckDb.Name(feature.Name)} {DuckDb.Type(_datatypes[i])}");
        await DuckDb.ExecuteAsync(connection, $"CREATE TABLE {table} ({string.Join(", ", columns)})", cancellationToken);
        var parts = Parts();
        var blockRows = (int)Math.Clamp(memoryBytes / (24 + (parts.Count * SlotSet.BytesOfSlot(_datatypes))), ChunkAppender.MaxRows, 64 * 1024 * 1024);
        using var appender = new ChunkAppender(connection, table, _datatypes, 4 * Math.Min(Environment.ProcessorCount, MaxWorkers));
        for (long first = 0; first < entities.Rows; first += blockRows)
        {
            var block = await LabelBlock.ReadAsync(connection, view, first, (int)Math.Min(blockRows, entities.Rows - first), cancellationToken);
            using var slots = await ScanAsync(block, parts, entities, cancellationToken);
            slots.Give(appender, slots.Resolve(view.Ttl is { } ttl ? UnixTime.Microseconds(ttl) : null));
        }

        appender.Complete();
    }

    /// <summary>How a datatype goes through the join: lists as DuckDB's text of them, which it reads back exactly.</summary>
    private static Datatype Carried(Datatype datatype) => datatype.IsList() ? Datatype.Bytes : datatype;

    /// <summary>Files in as many parts as there are processors, of about the same number of rows each.</summary>
    private List<IReadOnlyList<string>> Parts()
    {
        var workers = Math.Clamp(Environment.ProcessorCount, 1, MaxWorkers);
        var share = (files.Sum(file => file.Rows) / workers) + 1;
        var parts = new List<IReadOnlyList<string>>();
        var (part, rows) = (new List<string>(), 0L);
        foreach (var file in files)
        {
            part.Add(file.Path);
            rows += file.Rows;
            if (rows >= share)
            {
                parts.Add(part);
                (part, rows) = ([], 0);
            }
        }

        return part.Count > 0 || parts.Count == 0 ? [.. parts, part] : parts;
    }

    private async Task<SlotSet> ScanAsync(LabelBlock block, List<IReadOnlyList<string>> parts, EntityTable entities, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // Threads of their own: those of the pool are for requests, and these are busy for seconds.
        var scans = parts.ConvertAll(part => Task.Factory.StartNew(
            () => Scan(block, part, entities, stop), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        var sets = await Task.WhenAll(scans);
        foreach (var set in sets.Skip(1))
        {
            sets[0].Absorb(set);
            set.Dispose();
        }

        return sets[0];
    }

    private SlotSet Scan(LabelBlock block, IReadOnlyList<string> paths, EntityTable entities, CancellationTokenSource stop)
    {
        var slots = new SlotSet(block, _datatypes);
        try
        {
            using var own = connection.Duplicate();
            own.Open();
            using var rows = new ChunkStream(own, Sql(paths, entities), stop.Token);
            while (rows.Next())
            {
                slots.Offer(rows);
            }

            return slots;
        }
        catch
        {
            stop.Cancel();
            throw;
        }
    }

    private string Sql(IReadOnlyList<string> paths, EntityTable entities)
    {
        var on = string.Join(" AND ", view.JoinKeys.Select(key => $"f.{DuckDb.Name(key.Name)} = i.{DuckDb.Name(key.Name)}"));
        var values = string.Join(", ", features.Select(feature => $"f.{DuckDb.Name(feature.Feature)}{(feature.Datatype.IsList() ? "::VARCHAR" : "")}"));
        var oldest = view.Ttl is { } ttl ? string.Create(CultureInfo.InvariantCulture, $" AND f.{OfflineColumns.EventUs} >= {entities.FirstUs - UnixTime.Microseconds(ttl)}") : "";
        return $"SELECT i.__id, f.{OfflineColumns.EventUs}, f.{OfflineColumns.CreatedUs}, f.{OfflineColumns.LoggedUs}, {values} "
            + $"FROM ({DuckDb.Rows(view, paths)}) f JOIN {LabelBlock.Ids} i ON {on} "
            + string.Create(CultureInfo.InvariantCulture, $"WHERE f.{OfflineColumns.Offline} AND f.{OfflineColumns.EventUs} <= {entities.LastUs}{oldest}");
    }
}
