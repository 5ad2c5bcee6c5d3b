using System.Net;
using System.Net.Sockets;

namespace MlSystem.Testing;

/// <summary>Loopback ports that were free a moment ago.</summary>
public static class FreePort
{
    public static int Next() => Next(1)[0];

    /// <summary>Several distinct free ports.</summary>
    public static int[] Next(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners)
        {
            listener.Start();
        }

        var ports = Array.ConvertAll(listeners, l => ((IPEndPoint)l.LocalEndpoint).Port);
        foreach (var listener in listeners)
        {
            listener.Stop();
        }

        return ports;
    }
}
