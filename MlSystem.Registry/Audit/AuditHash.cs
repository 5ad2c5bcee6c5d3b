using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Audit;

/// <summary>The hashes of the chain.</summary>
internal static class AuditHash
{
    /// <summary>What the first entry names as its predecessor's hash.</summary>
    public static readonly string Genesis = new('0', 64);

    /// <summary>
    /// SHA-256, lower-case hexadecimal, over the canonical form: the UTF-8 bytes of the JSON array
    /// <c>[sequence, time in Unix ms, principal, action, resource, request id, content's SHA-256, previous hash]</c> without white space,
    /// in which only quotes, backslashes and control characters are escaped.
    /// </summary>
    public static string Of(AuditEntry entry) => Of(entry, entry.Sequence);

    /// <summary>The hash that the entry would have at another place.</summary>
    public static string Of(AuditEntry entry, long sequence)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(sequence);
            writer.WriteNumberValue(entry.Time);
            foreach (var text in new[] { entry.Principal, entry.Action, entry.Resource, entry.RequestId, entry.ContentSha256, entry.PreviousHash })
            {
                writer.WriteStringValue(text);
            }

            writer.WriteEndArray();
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
    }

    public static string OfContent(string salt, string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(salt + content)));
}
