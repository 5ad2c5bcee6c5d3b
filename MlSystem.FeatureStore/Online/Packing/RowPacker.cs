using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Online.Packing;

/// <summary>Packs rows by the layout of their view's newest version.</summary>
public static class RowPacker
{
    public static byte[] Pack(FeatureRow row) => Pack(row.View.Layout, row.EventUs, row.CreatedUs, row.Values);

    public static byte[] Pack(PackedLayout layout, long eventUs, long createdUs, ReadOnlySpan<FeatureValue> values)
    {
        var bytes = new byte[layout.TailOffset + TailBytes(values)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)eventUs ^ (1UL << 63));
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), (ulong)createdUs ^ (1UL << 63));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(PackedLayout.VersionOffset), layout.Version);
        var end = 0;
        for (var i = 0; i < values.Length; i++)
        {
            if (!values[i].HasValue)
            {
                bytes[PackedLayout.NullsOffset + (i >> 3)] |= (byte)(1 << (i & 7));
            }

            Write(bytes, layout, i, values[i], ref end);
        }

        return bytes;
    }

    private static int TailBytes(ReadOnlySpan<FeatureValue> values)
    {
        var bytes = 0;
        foreach (ref readonly var value in values)
        {
            bytes += value.Text is { } text ? Encoding.UTF8.GetByteCount(text) : value.List is { } list ? ListBytes(list) : 0;
        }

        return bytes;
    }

    private static int ListBytes(Array list) => list is string[] texts
        ? texts.Sum(text => sizeof(int) + Encoding.UTF8.GetByteCount(text))
        : Buffer.ByteLength(list);

    private static int WriteList(Span<byte> tail, Array list)
    {
        if (list is not string[] texts)
        {
            MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(list), Buffer.ByteLength(list)).CopyTo(tail);
            return Buffer.ByteLength(list);
        }

        var written = 0;
        foreach (var text in texts)
        {
            var length = Encoding.UTF8.GetBytes(text, tail[(written + sizeof(int))..]);
            BinaryPrimitives.WriteInt32LittleEndian(tail[written..], length);
            written += sizeof(int) + length;
        }

        return written;
    }

    private static void Write(Span<byte> bytes, PackedLayout layout, int feature, in FeatureValue value, ref int end)
    {
        var slot = bytes[layout.SlotOffsets[feature]..];
        switch (layout.Features[feature].Datatype)
        {
            case Datatype.Bool:
                slot[0] = value.AsBool ? (byte)1 : (byte)0;
                break;
            case Datatype.Int32:
                BinaryPrimitives.WriteInt32LittleEndian(slot, value.AsInt32);
                break;
            case Datatype.Int64 or Datatype.Timestamp:
                BinaryPrimitives.WriteInt64LittleEndian(slot, value.AsInt64);
                break;
            case Datatype.Fp32:
                BinaryPrimitives.WriteSingleLittleEndian(slot, value.AsFp32);
                break;
            case Datatype.Fp64:
                BinaryPrimitives.WriteDoubleLittleEndian(slot, value.AsFp64);
                break;
            default:
                var tail = bytes[(layout.TailOffset + end)..];
                end += value.Text is { } text ? Encoding.UTF8.GetBytes(text, tail) : value.List is { } list ? WriteList(tail, list) : 0;
                BinaryPrimitives.WriteInt32LittleEndian(slot, end);
                break;
        }
    }
}
