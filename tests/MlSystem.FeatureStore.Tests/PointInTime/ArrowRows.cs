using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace MlSystem.FeatureStore.Tests.PointInTime;

/// <summary>Arrow streams as a client makes and reads them.</summary>
internal static class ArrowRows
{
    public static readonly DateTimeOffset Eleven = new(2026, 3, 1, 11, 0, 0, TimeSpan.Zero);

    /// <summary>Drivers with a label time each, and <c>label</c> 0.5, 1.5 and so on.</summary>
    public static async Task<byte[]> EntitiesAsync(params (long Driver, DateTimeOffset Time)[] rows)
    {
        var batch = new RecordBatch.Builder()
            .Append("driver_id", false, columns => columns.Int64(column => column.AppendRange(rows.Select(row => row.Driver))))
            .Append("event_timestamp", false, new TimestampArray.Builder(new TimestampType(TimeUnit.Millisecond, "America/New_York")).AppendRange(rows.Select(row => row.Time)).Build())
            .Append("label", true, columns => columns.Double(column => column.AppendRange(rows.Select((_, i) => i + 0.5))))
            .Build();
        return await StreamAsync(batch);
    }

    public static async Task<byte[]> StreamAsync(RecordBatch batch)
    {
        using var stream = new MemoryStream();
        using var writer = new ArrowStreamWriter(stream, batch.Schema, leaveOpen: true);
        await writer.WriteRecordBatchAsync(batch);
        await writer.WriteEndAsync();
        return stream.ToArray();
    }

    public static async Task<IReadOnlyList<RecordBatch>> ReadAsync(byte[] stream)
    {
        using var reader = new ArrowStreamReader(new MemoryStream(stream));
        var batches = new List<RecordBatch>();
        while (await reader.ReadNextRecordBatchAsync() is { } batch)
        {
            batches.Add(batch);
        }

        return batches;
    }
}
