using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace MlSystem.Benchmarks.Allocations;

/// <summary>
/// Calls <c>ModelInfer</c> over one connection, some streams at once, with HTTP/2 frames (RFC 9113) that are made once: it allocates
/// nothing itself. Headers go without compression (RFC 7541, section 6.2.2).
/// </summary>
internal sealed class GrpcCaller : IDisposable
{
    private const int FrameHead = 9;
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte GoAway = 7;
    private const byte WindowUpdate = 8;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _call;
    private readonly int _dataAt;
    private readonly byte[] _calls;
    private readonly byte[] _answer = new byte[256 << 10];
    private readonly int _streams;
    private int _have;
    private int _nextStream = 1;

    public GrpcCaller(int port, byte[] message, int streams)
    {
        _streams = streams;
        var headers = Header(":method", "POST").Concat(Header(":scheme", "http")).Concat(Header(":path", "/inference.GRPCInferenceService/ModelInfer"))
            .Concat(Header(":authority", "127.0.0.1")).Concat(Header("te", "trailers")).Concat(Header("content-type", "application/grpc")).ToArray();
        var framed = new byte[message.Length + 5];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        var head = Frame(Headers, EndHeaders, headers);
        _call = [.. head, .. Frame(Data, EndStream, framed)];
        _dataAt = head.Length;
        _calls = new byte[_call.Length * streams];
        _socket.Connect("127.0.0.1", port);
        _socket.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        _socket.Send(Frame(Settings, 0, []));
        Grant(int.MaxValue - 65_535);
    }

    /// <summary>Calls on all streams at once and waits for all answers.</summary>
    public void Call()
    {
        for (var i = 0; i < _streams; i++, _nextStream += 2)
        {
            var call = _calls.AsSpan(i * _call.Length, _call.Length);
            _call.CopyTo(call);
            BinaryPrimitives.WriteInt32BigEndian(call[5..], _nextStream);
            BinaryPrimitives.WriteInt32BigEndian(call[(_dataAt + 5)..], _nextStream);
        }

        _socket.Send(_calls);
        for (var ended = 0; ended < _streams;)
        {
            var read = _socket.Receive(_answer.AsSpan(_have));
            _have += read > 0 ? read : throw new IOException("The server closed the connection.");
            ended += Consume();
        }
    }

    public void Dispose() => _socket.Dispose();

    private int Consume()
    {
        var (at, ended) = (0, 0);
        while (_have - at >= FrameHead)
        {
            var length = (_answer[at] << 16) | (_answer[at + 1] << 8) | _answer[at + 2];
            if (_have - at < FrameHead + length)
            {
                break;
            }

            ended += Take(_answer[at + 3], _answer[at + 4], _answer.AsSpan(at + FrameHead, length)) ? 1 : 0;
            at += FrameHead + length;
        }

        _answer.AsSpan(at, _have - at).CopyTo(_answer);
        _have -= at;
        return ended;
    }

    private bool Take(byte type, byte flags, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case GoAway:
                throw new IOException("The server ends the connection.");
            case Settings or Ping when (flags & 1) == 0:
                _socket.Send(Frame(type, 1, type == Ping ? payload.ToArray() : []));
                return false;
            case Headers when (flags & EndStream) != 0 && payload.IndexOf("grpc-message"u8) >= 0:
                throw new IOException("The server refused the call.");
            default:
                return type is Data or Headers && (flags & EndStream) != 0;
        }
    }

    private void Grant(int bytes)
    {
        var more = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(more, bytes);
        _socket.Send(Frame(WindowUpdate, 0, more));
    }

    private static byte[] Frame(byte type, byte flags, byte[] payload) =>
        [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, 0, .. payload];

    private static byte[] Header(string name, string value) => [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
}
