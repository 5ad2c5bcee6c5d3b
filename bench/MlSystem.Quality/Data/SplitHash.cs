using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MlSystem.Quality.Data;

/// <summary>Hashes that decide splits: the same in every language.</summary>
public static class SplitHash
{
    /// <summary>The first 4 bytes of SHA-256 of the UTF-8 text, big-endian: 2326639758 for <c>196|242</c>.</summary>
    public static uint H32(string text) => BinaryPrimitives.ReadUInt32BigEndian(Sha256(text));

    /// <summary>The first 8 bytes: 9992841672499902266 for <c>196|242</c>.</summary>
    public static ulong H64(string text) => BinaryPrimitives.ReadUInt64BigEndian(Sha256(text));

    private static byte[] Sha256(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
