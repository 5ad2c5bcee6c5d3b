using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MlSystem.Gateway.Tests.Forwarding;

/// <summary>A service of which the test writes every byte.</summary>
internal sealed class ScriptedService : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public ScriptedService() => _listener.Start();

    public (string Key, string Value) Setting => ("services:inference:http:0", $"http://{_listener.LocalEndpoint}");

    /// <summary>Whether a connection waits that nobody has accepted.</summary>
    public bool IsCalled => _listener.Pending();

    public Task<Socket> AcceptAsync() => _listener.AcceptSocketAsync();

    /// <summary>Reads one request, whose body is <c>rows</c>.</summary>
    public static async Task<string> RequestAsync(Socket connection)
    {
        var text = "";
        var piece = new byte[4096];
        while (!text.EndsWith("\r\n\r\nrows", StringComparison.Ordinal))
        {
            var read = await connection.ReceiveAsync(piece);
            Assert.True(read > 0, $"the gateway closed the connection after '{text}'");
            text += Encoding.ASCII.GetString(piece, 0, read);
        }

        return text;
    }

    public static Task SayAsync(Socket connection, string text) => connection.SendAsync(Encoding.ASCII.GetBytes(text));

    /// <summary>Waits until the gateway has closed or reset the connection.</summary>
    public static async Task ClosedAsync(Socket connection)
    {
        try
        {
            while (await connection.ReceiveAsync(new byte[4096]) > 0)
            {
            }
        }
        catch (SocketException)
        {
        }
    }

    public void Dispose() => _listener.Dispose();
}
