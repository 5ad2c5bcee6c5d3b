using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>JSON text that grows as it is written, and the binary data behind it.</summary>
internal sealed class AnswerBuffer : IBufferWriter<byte>
{
    /// <summary>Longest number that the formatters write, and more.</summary>
    private const int MaxNumber = 64;

    private byte[] _bytes = new byte[1024];

    public int Length { get; private set; }

    public int Capacity => _bytes.Length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(Length);
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    public void Byte(char value)
    {
        GetSpan(1)[0] = (byte)value;
        Length++;
    }

    /// <summary>Overwrites the last byte: the comma behind the last element.</summary>
    public void ReplaceLast(char value) => _bytes[Length - 1] = (byte)value;

    public void Number(long value)
    {
        Utf8Formatter.TryFormat(value, GetSpan(MaxNumber), out var written);
        Length += written;
    }

    public void Number(ulong value)
    {
        Utf8Formatter.TryFormat(value, GetSpan(MaxNumber), out var written);
        Length += written;
    }

    /// <summary>The shortest digits that read back as the same value; null where JSON has no number.</summary>
    public void Number(float value)
    {
        if (!float.IsFinite(value))
        {
            Raw("null"u8);
            return;
        }

        Utf8Formatter.TryFormat(value, GetSpan(MaxNumber), out var written);
        Length += written;
    }

    public void Number(double value)
    {
        if (!double.IsFinite(value))
        {
            Raw("null"u8);
            return;
        }

        Utf8Formatter.TryFormat(value, GetSpan(MaxNumber), out var written);
        Length += written;
    }

    /// <summary>A JSON string of any text.</summary>
    public void Text(string text)
    {
        // Escaping takes at most 6 bytes for each UTF-16 code unit.
        Byte('"');
        JavaScriptEncoder.Default.EncodeUtf8(System.Text.Encoding.UTF8.GetBytes(text), GetSpan((text.Length * 18) + 1), out _, out var written);
        Length += written;
        Byte('"');
    }

    /// <summary>A JSON string of valid UTF-8.</summary>
    public void Text(ReadOnlySpan<byte> utf8)
    {
        Byte('"');
        JavaScriptEncoder.Default.EncodeUtf8(utf8, GetSpan((utf8.Length * 6) + 1), out _, out var written);
        Length += written;
        Byte('"');
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - Length < Math.Max(count, 1))
        {
            Array.Resize(ref _bytes, checked((int)Math.Min(Math.Max((long)_bytes.Length * 2, (long)Length + count), Array.MaxLength)));
        }
    }
}
