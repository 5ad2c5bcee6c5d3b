using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MlSystem.Registry.Tests.Support;

/// <summary>Passes connections on to a server until it is told to fall silent: it then accepts, takes what comes and answers nothing.</summary>
internal sealed class SilentProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly Task _accepting;
    private volatile bool _silent;

    public SilentProxy(int target)
    {
        _listener.Start();
        _accepting = AcceptAsync(target);
    }

    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>How many connections were open or made since it fell silent.</summary>
    public int Swallowing { get; private set; }

    public void FallSilent() => _silent = true;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync(int target)
    {
        var passing = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _clients.Add(client);
                passing.Add(PassAsync(client, target));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(passing);
        }
    }

    private async Task PassAsync(TcpClient client, int target)
    {
        try
        {
            using var server = new TcpClient();
            await server.ConnectAsync(IPAddress.Loopback, target, _stop.Token);
            await Task.WhenAny(CopyAsync(client.GetStream(), server.GetStream()), CopyAsync(server.GetStream(), client.GetStream()));
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // The end of a connection.
        }
        finally
        {
            client.Dispose();
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to)
    {
        var block = new byte[8192];
        int read;
        while ((read = await from.ReadAsync(block, _stop.Token)) > 0)
        {
            if (_silent)
            {
                Swallowing++;
                continue;
            }

            await to.WriteAsync(block.AsMemory(0, read), _stop.Token);
        }
    }
}
