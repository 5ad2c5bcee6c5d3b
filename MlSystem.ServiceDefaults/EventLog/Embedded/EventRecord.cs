using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>
/// An event as one blob: time (8 bytes, Unix milliseconds), length of the key and of the headers (4 bytes each), key, headers,
/// value; integers little-endian. One column instead of four halves the native calls a row, which are most of a row's cost.
/// </summary>
internal static class EventRecord
{
    private const int Fixed = 16;

    /// <summary>Writes the record into <paramref name="buffer"/>, which is swapped for a larger one when needed; returns its length.</summary>
    public static int Encode(LogEvent e, long time, ref byte[] buffer)
    {
        var headers = e.Headers.Count == 0 ? [] : StoredHeaders.Encode(e.Headers);
        var most = Fixed + Encoding.UTF8.GetMaxByteCount(e.Key.Length) + headers.Length + e.Value.Length;
        if (most > buffer.Length)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = ArrayPool<byte>.Shared.Rent(most);
        }

        var target = buffer.AsSpan();
        var key = Encoding.UTF8.GetBytes(e.Key, target[Fixed..]);
        BinaryPrimitives.WriteInt64LittleEndian(target, time);
        BinaryPrimitives.WriteInt32LittleEndian(target[8..], key);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], headers.Length);
        headers.CopyTo(target[(Fixed + key)..]);
        e.Value.Span.CopyTo(target[(Fixed + key + headers.Length)..]);
        return Fixed + key + headers.Length + e.Value.Length;
    }

    /// <summary>Copies the record once; headers and value are cut from the copy.</summary>
    public static StoredEvent Decode(int partition, long offset, ReadOnlySpan<byte> record, RecordBuffer buffer)
    {
        var copy = buffer.Copy(record);
        var key = BinaryPrimitives.ReadInt32LittleEndian(record[8..]);
        var headers = BinaryPrimitives.ReadInt32LittleEndian(record[12..]);
        return new StoredEvent(
            partition,
            offset,
            DateTimeOffset.FromUnixTimeMilliseconds(Time(record)),
            new LogEvent(
                Encoding.UTF8.GetString(record.Slice(Fixed, key)),
                copy[(Fixed + key + headers)..],
                StoredHeaders.Over(copy.Slice(Fixed + key, headers))));
    }

    public static long Time(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64LittleEndian(record);
}
