using System.Buffers.Binary;
using System.Runtime.InteropServices;

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
    public ReadOnlySpan<byte> Text(int feature) => Tail(feature);

    /// <summary>The elements of a list of numbers: <c>int long float double</c> by the datatype, little-endian.</summary>
    public ReadOnlySpan<T> Elements<T>(int feature)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Tail(feature));

    /// <summary>The UTF-8 texts of a list.</summary>
    public PackedTexts Texts(int feature) => new(Tail(feature));

    private ReadOnlySpan<byte> Tail(int feature)
    {
        var previous = layout.PreviousTail[feature];
        var start = previous < 0 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(_bytes[previous..]);
        var end = BinaryPrimitives.ReadInt32LittleEndian(_bytes[layout.SlotOffsets[feature]..]);
        return _bytes[(layout.TailOffset + start)..(layout.TailOffset + end)];
    }
}

/// <summary>Goes through the texts of a list.</summary>
public ref struct PackedTexts(ReadOnlySpan<byte> tail)
{
    private ReadOnlySpan<byte> _rest = tail;

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(_rest);
        Current = _rest.Slice(sizeof(int), length);
        _rest = _rest[(sizeof(int) + length)..];
        return true;
    }

    public readonly PackedTexts GetEnumerator() => this;
}
