using System.Buffers.Binary;
using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>
/// Headers as bytes: for each, name and value as a 4-byte little-endian length and UTF-8. They are decoded at the first look,
/// because most consumers read only the value.
/// </summary>
internal sealed class StoredHeaders(ReadOnlyMemory<byte> bytes) : IReadOnlyDictionary<string, string>
{
    private static readonly Dictionary<string, string> None = [];
    private Dictionary<string, string>? _decoded;

    public int Count => Decoded.Count;

    public IEnumerable<string> Keys => Decoded.Keys;

    public IEnumerable<string> Values => Decoded.Values;

    private Dictionary<string, string> Decoded => _decoded ??= Decode(bytes.Span);

    public string this[string key] => Decoded[key];

    public static IReadOnlyDictionary<string, string> Over(ReadOnlyMemory<byte> bytes) => bytes.IsEmpty ? None : new StoredHeaders(bytes);

    public static byte[] Encode(IReadOnlyDictionary<string, string> headers)
    {
        var bytes = new byte[headers.Sum(h => 8 + Encoding.UTF8.GetByteCount(h.Key) + Encoding.UTF8.GetByteCount(h.Value))];
        var rest = bytes.AsSpan();
        foreach (var (name, value) in headers)
        {
            rest = Put(Put(rest, name), value);
        }

        return bytes;
    }

    public bool ContainsKey(string key) => Decoded.ContainsKey(key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value) => Decoded.TryGetValue(key, out value);

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => Decoded.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static Span<byte> Put(Span<byte> target, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, target[4..]);
        BinaryPrimitives.WriteInt32LittleEndian(target, length);
        return target[(4 + length)..];
    }

    private static Dictionary<string, string> Decode(ReadOnlySpan<byte> rest)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!rest.IsEmpty)
        {
            var name = Take(ref rest);
            headers[name] = Take(ref rest);
        }

        return headers;
    }

    private static string Take(ref ReadOnlySpan<byte> rest)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
        var text = Encoding.UTF8.GetString(rest.Slice(4, length));
        rest = rest[(4 + length)..];
        return text;
    }
}
