using System.Numerics;
using System.Text;

namespace MlSystem.Inference.Protocols.Grpc.First;

/// <summary>Writes protobuf fields of numbers below 16 into memory that has exactly their size.</summary>
internal ref struct ProtoWriter(Span<byte> target)
{
    private Span<byte> _rest = target;

    /// <summary>Bytes of a field with a content of this length.</summary>
    public static int FieldSize(int length) => 1 + VarintSize((ulong)length) + length;

    public static int VarintSize(ulong value) => ((BitOperations.Log2(value | 1) * 9) + 73) / 64;

    /// <summary>The parts of a message that do not change, made once.</summary>
    public static byte[] Fields(params ReadOnlySpan<(int Field, byte[] Content)> fields)
    {
        var size = 0;
        foreach (var (_, content) in fields)
        {
            size += FieldSize(content.Length);
        }

        var bytes = new byte[size];
        var writer = new ProtoWriter(bytes);
        foreach (var (field, content) in fields)
        {
            writer.Length(field, content.Length);
            writer.Raw(content);
        }

        return bytes;
    }

    /// <summary>Begins a field of bytes.</summary>
    public void Length(int field, int length)
    {
        Take(1)[0] = (byte)((field << 3) | ProtoReader.Bytes);
        Varint((ulong)length);
    }

    public void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            Take(1)[0] = (byte)(value | 0x80);
        }

        Take(1)[0] = (byte)value;
    }

    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    public void Ascii(string text) => Encoding.ASCII.GetBytes(text, Take(text.Length));

    public void Text(int field, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        Length(field, length);
        Encoding.UTF8.GetBytes(text, Take(length));
    }

    /// <summary>The next bytes, for somebody else to fill.</summary>
    public Span<byte> Take(int count)
    {
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
