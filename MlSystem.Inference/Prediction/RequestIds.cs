using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MlSystem.Inference.Prediction;

/// <summary>
/// Makes request ids: UUID version 7 (RFC 9562, section 5.7), 48 bits of Unix milliseconds and 74 bits from the system's
/// cryptographic generator. Asking that for every id would be a system call a request, so each thread fetches bytes for many at once.
/// </summary>
internal static class RequestIds
{
    private const int RandomBytes = 10;
    private const int IdsInStock = 100;

    [ThreadStatic]
    private static byte[]? _stock;

    [ThreadStatic]
    private static int _used;

    public static string Next(DateTimeOffset now)
    {
        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, now.ToUnixTimeMilliseconds() << 16);
        Take().CopyTo(id[6..]);
        id[6] = (byte)(0x70 | (id[6] & 0x0F));
        id[8] = (byte)(0x80 | (id[8] & 0x3F));
        return new Guid(id, bigEndian: true).ToString();
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
