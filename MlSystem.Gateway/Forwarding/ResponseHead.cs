using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace MlSystem.Gateway.Forwarding;

/// <summary>The head of a service's answer, and how its body ends (RFC 9112, section 6.3).</summary>
/// <param name="Bytes">Length of the head.</param>
/// <param name="Length">Length of the body; null where it is chunked or ends with the connection.</param>
/// <param name="Keeps">Whether the service keeps the connection open.</param>
internal readonly record struct ResponseHead(int Bytes, int Status, long? Length, bool Chunked, bool Keeps)
{
    private const int FirstLetters = 13; // HTTP/1.1 200 and a space, which servers may leave out.

    /// <summary>Whether another head follows.</summary>
    public bool IsInterim => Status < 200;

    public bool HasBody => Status is not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified) && Length != 0;

    /// <summary>Reads a head and sets the caller's answer accordingly; null while it is not complete.</summary>
    /// <exception cref="IOException">It is none.</exception>
    public static ResponseHead? Read(ReadOnlySpan<byte> text, HeaderLines lines, HttpResponse response)
    {
        var bytes = text.IndexOf("\r\n\r\n"u8) + 4;
        if (bytes < 4)
        {
            return null;
        }

        // Every line of it with its end.
        var rest = text[..(bytes - 2)];
        var (status, modern) = ReadStatus(Next(ref rest), response);
        var head = new ResponseHead(bytes, status, null, false, modern);
        for (var place = 0; !head.IsInterim && rest.Length > 0; place++)
        {
            head = head.With(lines.Read(place, Next(ref rest)), response);
        }

        return head.Chunked ? head with { Length = null } : head;
    }

    private ResponseHead With(HeaderLines.Line line, HttpResponse response)
    {
        switch (line.Kind)
        {
            case HeaderKind.PassedOn:
                if (!response.Headers.TryAdd(line.Name, line.Value))
                {
                    response.Headers.Append(line.Name, line.Value);
                }

                return this;
            case HeaderKind.Connection:
                return this with { Keeps = Keeps && !Ascii.EqualsIgnoreCase(line.Bytes, "close"u8) };
            case HeaderKind.TransferEncoding:
                return Ascii.EqualsIgnoreCase(line.Bytes, "chunked"u8) ? this with { Chunked = true } : throw new IOException("the service's answer has a transfer encoding that is not 'chunked'");
            case HeaderKind.ContentLength:
                return Utf8Parser.TryParse(line.Bytes, out long length, out var read) && read == line.Bytes.Length && length >= 0 && (Length is null || Length == length)
                    ? this with { Length = length } : throw new IOException("the service's answer has no valid length");
            default:
                return this;
        }
    }

    private static (int Status, bool Modern) ReadStatus(ReadOnlySpan<byte> line, HttpResponse response)
    {
        if (line.Length < FirstLetters - 1 || !line.StartsWith("HTTP/1."u8) || !Utf8Parser.TryParse(line[9..12], out int status, out var read) || read != 3 || status < 100)
        {
            throw new IOException("the service's answer does not begin as HTTP/1.1 does");
        }

        if (status == StatusCodes.Status101SwitchingProtocols)
        {
            throw new IOException("the service switched to a protocol that nobody asked for");
        }

        if (status is >= 200 and not StatusCodes.Status200OK)
        {
            response.StatusCode = status;
            response.HttpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = line.Length > FirstLetters ? Encoding.Latin1.GetString(line[FirstLetters..]) : null;
        }

        return (status, line[7] == '1');
    }

    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf("\r\n"u8);
        var line = rest[..end];
        rest = rest[(end + 2)..];
        return line;
    }
}
