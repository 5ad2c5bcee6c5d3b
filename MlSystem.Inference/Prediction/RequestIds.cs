using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace MlSystem.Inference.Prediction;

/// <summary>
/// Makes request ids: UUID version 7 (RFC 9562, section 5.7), 48 bits of Unix milliseconds and 74 bits from the system's
/// cryptographic generator. Asking that for every id would be a system call a request, so each thread fetches bytes for many at once.
/// In the id of a prediction the last 16 bits are the tag of the variant that answers; 58 random bits a millisecond remain. In text
/// the tag is the last four hexadecimal digits.
/// </summary>
public static class RequestIds
{
    private const int TagAt = 14;
    private const int TagDigits = 4;
    private const int RandomBytes = 10;
    private const int IdsInStock = 100;

    [ThreadStatic]
    private static byte[]? _stock;

    [ThreadStatic]
    private static int _used;

    /// <param name="tag">The variant's; null for an id that names no prediction.</param>
    public static string Next(DateTimeOffset now, ushort? tag = null)
    {
        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, now.ToUnixTimeMilliseconds() << 16);
        Take().CopyTo(id[6..]);
        id[6] = (byte)(0x70 | (id[6] & 0x0F));
        id[8] = (byte)(0x80 | (id[8] & 0x3F));
        if (tag is { } bits)
        {
            BinaryPrimitives.WriteUInt16BigEndian(id[TagAt..], bits);
        }

        return new Guid(id, bigEndian: true).ToString();
    }

    /// <summary>The same id with another tag.</summary>
    public static string WithTag(string id, ushort tag) => string.Concat(id.AsSpan(0, id.Length - TagDigits), tag.ToString("x4", CultureInfo.InvariantCulture));

    /// <summary>The tag of the variant that answered a request.</summary>
    public static ushort Tag(Guid requestId)
    {
        Span<byte> bytes = stackalloc byte[16];
        requestId.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadUInt16BigEndian(bytes[TagAt..]);
    }

    private static ReadOnlySpan<byte> Take()
    {
        var stock = _stock ??= new byte[RandomBytes * IdsInStock];
        if (_used == 0)
        {
            RandomNumberGenerator.Fill(stock);
        }

        var taken = stock.AsSpan(_used, RandomBytes);
        _used = _used + RandomBytes == stock.Length ? 0 : _used + RandomBytes;
        return taken;
    }
}
