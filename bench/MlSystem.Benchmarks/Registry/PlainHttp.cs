using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MlSystem.Benchmarks.Registry;

/// <summary>Transfers of files with as little of a client as can be: what is measured is the server.</summary>
internal static class PlainHttp
{
    private const int BlockBytes = 256 * 1024;

    public static Task PutAsync(Uri server, string path, string source) => Task.Run(() =>
    {
        using var socket = Connect(server);
        Send(socket, string.Create(CultureInfo.InvariantCulture, $"PUT {path} HTTP/1.1\r\nHost: {server.Authority}\r\nContent-Length: {new FileInfo(source).Length}\r\nConnection: close\r\n\r\n"));
        socket.SendFile(source);
        ReadHead(socket, new byte[BlockBytes]);
    });

    public static Task GetAsync(Uri server, string path, string target, bool durable) => Task.Run(() =>
    {
        using var socket = Connect(server);
        Send(socket, $"GET {path} HTTP/1.1\r\nHost: {server.Authority}\r\nConnection: close\r\n\r\n");
        var block = new byte[BlockBytes];
        var (begin, end) = ReadHead(socket, block);
        Receive(socket, target, block, block.AsMemory(begin, end - begin), durable);
    });

    /// <summary>From file to file through a socket and nothing else.</summary>
    public static async Task CopyAsync(string source, string target, bool durable)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        using var to = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await to.ConnectAsync(listener.LocalEndPoint!);
        using var from = await listener.AcceptAsync();
        var sending = Task.Run(() => SendBlocks(to, source));
        await Task.Run(() => Receive(from, target, new byte[BlockBytes], Memory<byte>.Empty, durable));
        await sending;
    }

    private static void SendBlocks(Socket socket, string source)
    {
        using var file = File.OpenHandle(source);
        var block = new byte[BlockBytes];
        int read;
        for (var offset = 0L; (read = RandomAccess.Read(file, block, offset)) > 0; offset += read)
        {
            socket.Send(block.AsSpan(0, read));
        }

        socket.Shutdown(SocketShutdown.Send);
    }

    private static void Receive(Socket socket, string target, byte[] block, Memory<byte> first, bool durable)
    {
        using var file = File.OpenHandle(target, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(file, first.Span, 0);
        int read;
        for (var offset = (long)first.Length; (read = socket.Receive(block)) > 0; offset += read)
        {
            RandomAccess.Write(file, block.AsSpan(0, read), offset);
        }

        if (durable)
        {
            RandomAccess.FlushToDisk(file);
        }
    }

    private static Socket Connect(Uri server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, server.Port);
        return socket;
    }

    private static void Send(Socket socket, string head) => socket.Send(Encoding.ASCII.GetBytes(head));

    /// <summary>Where in the block the body begins and how far it is filled.</summary>
    private static (int Begin, int End) ReadHead(Socket socket, byte[] block)
    {
        var end = 0;
        int at;
        while ((at = block.AsSpan(0, end).IndexOf("\r\n\r\n"u8)) < 0)
        {
            var read = socket.Receive(block.AsSpan(end));
            end += read > 0 ? read : throw new InvalidOperationException("The registry broke the connection off.");
        }

        return block.AsSpan().StartsWith("HTTP/1.1 200"u8) ? (at + 4, end) : throw new InvalidOperationException(Encoding.UTF8.GetString(block, 0, end));
    }
}
