using System.Net;
using System.Net.Sockets;
using System.Text;
using MlSystem.Gateway.Routing;

namespace MlSystem.Gateway.Forwarding;

/// <summary>One replica of a service and the open connections to it.</summary>
internal sealed class Upstream : IDisposable
{
    /// <summary>Connections wait for reuse so long; services keep them longer (Kestrel: 130 s), so that they seldom close one that is just being used.</summary>
    private static readonly TimeSpan MaxIdle = TimeSpan.FromMinutes(1);

    // Behind a name replicas come and go: connections are renewed often enough to follow.
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly List<UpstreamConnection> _open = [];
    private readonly Stack<UpstreamConnection> _idle = new();
    private readonly EndPoint _address;
    private readonly TimeProvider _time;
    private readonly TimeSpan _connecting;
    private readonly TimeSpan _silence;
    private bool _disposed;

    private Upstream(Uri prefix, GatewayOptions options, TimeProvider time)
    {
        _address = IPAddress.TryParse(prefix.DnsSafeHost, out var address) ? new IPEndPoint(address, prefix.Port) : new DnsEndPoint(prefix.DnsSafeHost, prefix.Port);
        (_time, _connecting, _silence) = (time, TimeSpan.FromSeconds(options.ConnectTimeoutSeconds), TimeSpan.FromSeconds(options.ActivityTimeoutSeconds));
        (Host, BoxedPort) = (prefix.Host, prefix.Port);
        BasePath = Encoding.ASCII.GetBytes(prefix.AbsolutePath.TrimEnd('/'));
        AfterPath = Encoding.ASCII.GetBytes($" HTTP/1.1\r\nHost: {prefix.IdnHost}{(prefix.IsDefaultPort ? "" : $":{prefix.Port}")}\r\n");
    }

    public string Host { get; }

    /// <summary>As metrics want it.</summary>
    public object BoxedPort { get; }

    public byte[] BasePath { get; }

    /// <summary>The rest of the request line, and the host.</summary>
    public byte[] AfterPath { get; }

    public long Now => _time.GetTimestamp();

    /// <summary>Null for an address that is not plain HTTP.</summary>
    public static Upstream? Of(string prefix, GatewayOptions options, TimeProvider time) =>
        Uri.TryCreate(prefix, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttp && uri.HostNameType != UriHostNameType.IPv6 && uri.Query.Length == 0
            ? new Upstream(uri, options, time) : null;

    public double Seconds(long since) => _time.GetElapsedTime(since).TotalSeconds;

    /// <summary>A connection for one exchange: the one that was used last, or a new one.</summary>
    public ValueTask<UpstreamConnection> RentAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            UpstreamConnection? idle;
            lock (_lock)
            {
                if (!_idle.TryPop(out idle))
                {
                    return ConnectAsync(cancellationToken);
                }
            }

            if (idle.TryBegin(Now))
            {
                return new ValueTask<UpstreamConnection>(idle);
            }

            Close(idle);
        }
    }

    /// <summary>Takes a connection back after an exchange.</summary>
    /// <param name="reusable">Whether its answer was read to its end and the service keeps it open.</param>
    public void Return(UpstreamConnection connection, bool reusable)
    {
        if (!reusable || _time.GetElapsedTime(connection.Opened) > MaxAge || !connection.TryEnd(Now))
        {
            Close(connection);
            return;
        }

        lock (_lock)
        {
            if (!_disposed)
            {
                _idle.Push(connection);
                return;
            }
        }

        Close(connection);
    }

    /// <summary>Gives silent exchanges up and closes what nobody has used for long.</summary>
    public void Sweep()
    {
        UpstreamConnection[] open;
        var old = new List<UpstreamConnection>();
        lock (_lock)
        {
            open = [.. _open];
            var kept = _idle.Reverse().ToList();
            old.AddRange(kept.Where(idle => idle.IsClosed || _time.GetElapsedTime(idle.IdleSince) > MaxIdle));
            _idle.Clear();
            kept.Except(old).ToList().ForEach(_idle.Push);
        }

        old.ForEach(Close);
        foreach (var connection in open)
        {
            connection.GiveUpSilence(since => _time.GetElapsedTime(since) >= _silence);
        }
    }

    public void Dispose()
    {
        UpstreamConnection[] open;
        lock (_lock)
        {
            _disposed = true;
            open = [.. _open];
        }

        Array.ForEach(open, Close);
    }

    private async ValueTask<UpstreamConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = _address is IPEndPoint { AddressFamily: var family } ? new Socket(family, SocketType.Stream, ProtocolType.Tcp) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            using var timeout = new CancellationTokenSource(_connecting, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            try
            {
                await socket.ConnectAsync(_address, both.Token);
            }
            catch (OperationCanceledException error) when (timeout.IsCancellationRequested)
            {
                throw new TimeoutException($"no connection to {_address} within {_connecting.TotalSeconds} s", error);
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var connection = new UpstreamConnection(socket) { Opened = Now };
        connection.TryBegin(Now);
        lock (_lock)
        {
            _open.Add(connection);
        }

        return connection;
    }

    private void Close(UpstreamConnection connection)
    {
        lock (_lock)
        {
            _open.Remove(connection);
        }

        connection.Dispose();
    }
}
