using System.Buffers;
using System.Collections.Frozen;
using Microsoft.Net.Http.Headers;

namespace MlSystem.Gateway.Forwarding;

/// <summary>The head of a request as the service gets it: the caller's headers without those of its connection, and where it comes from.</summary>
internal static class RequestHead
{
    // RFC 9110, section 7.6.1, and what else the proxy leaves out.
    private static readonly FrozenSet<string> OfConnection = new[]
    {
        HeaderNames.Connection, HeaderNames.TransferEncoding, HeaderNames.KeepAlive, HeaderNames.Upgrade, HeaderNames.ProxyConnection, HeaderNames.ProxyAuthenticate,
        "Proxy-Authentication-Info", HeaderNames.ProxyAuthorization, "Proxy-Features", "Proxy-Instruction", "Security-Scheme", "ALPN", "Close", "HTTP2-Settings",
        HeaderNames.UpgradeInsecureRequests, HeaderNames.TE, HeaderNames.AltSvc,
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> NotPassedOn = OfConnection
        .Concat([HeaderNames.Host, HeaderNames.ContentLength, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix"])
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<char> PathLetters = SearchValues.Create("!$&'()*+,-./0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");

    /// <summary>Whether a header is about the connection that it came over.</summary>
    public static bool IsOfConnection(string name) => OfConnection.Contains(name);

    /// <summary>Whether <see cref="Write"/> can write it: nothing needs to be encoded, joined or negotiated.</summary>
    public static bool IsPlain(HttpRequest request)
    {
        var headers = request.Headers;
        if (headers.TransferEncoding.Count > 0 || headers.Expect.Count > 0 || headers.Upgrade.Count > 0 || request.PathBase.HasValue
            || request.Path.Value.AsSpan().ContainsAnyExcept(PathLetters) || !IsText(request.QueryString.Value) || request.QueryString.Value?.Contains(' ', StringComparison.Ordinal) is true
            || !IsText(request.Host.Value))
        {
            return false;
        }

        foreach (var header in headers)
        {
            if (header.Value.Count != 1 || !IsText(header.Value[0]))
            {
                return false;
            }
        }

        return true;
    }

    public static void Write(HttpContext context, Upstream upstream, PooledText text)
    {
        var request = context.Request;
        text.Raw("POST "u8);
        text.Raw(upstream.BasePath);
        text.Ascii(request.Path.Value);
        text.Ascii(request.QueryString.Value);
        text.Raw(upstream.AfterPath);
        foreach (var header in request.Headers)
        {
            if (!NotPassedOn.Contains(header.Key))
            {
                Header(text, header.Key, header.Value.ToString());
            }
        }

        if (context.Connection.RemoteIpAddress is { } caller)
        {
            Header(text, "X-Forwarded-For", (caller.IsIPv4MappedToIPv6 ? caller.MapToIPv4() : caller).ToString());
        }

        if (request.Host.HasValue)
        {
            Header(text, "X-Forwarded-Host", request.Host.Value);
        }

        Header(text, "X-Forwarded-Proto", request.Scheme);
        text.Raw("Content-Length: "u8);
        text.Number(request.ContentLength!.Value);
        text.Raw("\r\n\r\n"u8);
    }

    private static void Header(PooledText text, string name, string value)
    {
        text.Ascii(name);
        text.Raw(": "u8);
        text.Ascii(value);
        text.Raw("\r\n"u8);
    }

    private static bool IsText(string? value) => !value.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
