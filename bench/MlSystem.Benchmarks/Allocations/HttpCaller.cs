using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace MlSystem.Benchmarks.Allocations;

/// <summary>Calls over one HTTP/1.1 connection with bytes that are made once: it allocates nothing itself.</summary>
internal sealed class HttpCaller : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _request;
    private readonly byte[] _answer = new byte[64 << 10];

    /// <param name="jsonLength">Length of the JSON part of a binary body.</param>
    public HttpCaller(int port, string model, byte[] body, int? jsonLength = null)
    {
        var header = jsonLength is { } length ? string.Create(CultureInfo.InvariantCulture, $"Inference-Header-Content-Length: {length}\r\n") : "";
        var type = jsonLength is null ? "application/json" : "application/octet-stream";
        var head = string.Create(CultureInfo.InvariantCulture, $"POST /v2/models/{model}/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {type}\r\n{header}Content-Length: {body.Length}\r\n\r\n");
        _request = [.. Encoding.ASCII.GetBytes(head), .. body];
        _socket.Connect("127.0.0.1", port);
    }

    public void Call()
    {
        _socket.Send(_request);
        var have = 0;
        while (!IsWhole(_answer.AsSpan(0, have)))
        {
            var read = _socket.Receive(_answer.AsSpan(have));
            have += read > 0 ? read : throw new IOException("The server closed the connection.");
        }
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        if (!answer.StartsWith("HTTP/1.1 200"u8))
        {
            throw new IOException(Encoding.UTF8.GetString(answer));
        }

        var length = answer[(answer.IndexOf("Content-Length: "u8) + "Content-Length: "u8.Length)..];
        return System.Buffers.Text.Utf8Parser.TryParse(length, out int body, out _) && answer.Length >= head + 4 + body;
    }
}
