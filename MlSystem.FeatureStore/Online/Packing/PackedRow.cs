using System.Buffers.Binary;

namespace MlSystem.FeatureStore.Online.Packing;

/// <summary>Reads a packed row in place. The caller knows each feature's datatype from the layout.</summary>
public readonly ref struct PackedRow(ReadOnlySpan<byte> bytes, PackedLayout layout)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>The view version that wrote a row, or -1 when these bytes are no packed row.</summary>
    public static int VersionOf(ReadOnlySpan<byte> bytes) =>
        bytes.Length < PackedLayout.NullsOffset ? -1 : BinaryPrimitives.ReadInt32LittleEndian(bytes[PackedLayout.VersionOffset..]);

    /// <summary>Event time of a packed row in microseconds since 1970-01-01T00:00:00Z.</summary>
    public static long EventUsOf(ReadOnlySpan<byte> bytes) => (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes) ^ (1UL << 63));

    /// <summary>Whether the bytes are long enough for the layout and its texts.</summary>
    public bool IsComplete => _bytes.Length >= layout.TailOffset;

    public bool IsNull(int feature) => (_bytes[PackedLayout.NullsOffset + (feature >> 3)] & (1 << (feature & 7))) != 0;

    public bool Bool(int feature) => _bytes[layout.SlotOffsets[feature]] != 0;

    public int Int32(int feature) => BinaryPrimitives.ReadInt32LittleEndian(_bytes[layout.SlotOffsets[feature]..]);

    public long Int64(int feature) => BinaryPrimitives.ReadInt64LittleEndian(_bytes[layout.SlotOffsets[feature]..]);

    public float Fp32(int feature) => BinaryPrimitives.ReadSingleLittleEndian(_bytes[layout.SlotOffsets[feature]..]);

    public double Fp64(int feature) => BinaryPrimitives.ReadDoubleLittleEndian(_bytes[layout.SlotOffsets[feature]..]);

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Text(int feature)
    {
        var previous = layout.PreviousText[feature];
        var start = previous < 0 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(_bytes[previous..]);
        var end = BinaryPrimitives.ReadInt32LittleEndian(_bytes[layout.SlotOffsets[feature]..]);
        return _bytes[(layout.TailOffset + start)..(layout.TailOffset + end)];
    }
}
