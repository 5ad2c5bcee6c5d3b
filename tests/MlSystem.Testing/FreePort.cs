using System.Net;
using System.Net.Sockets;

namespace MlSystem.Testing;

/// <summary>
/// Loopback ports that are free now: below those that the system gives to outgoing connections (from 32,768 on), so that no connection
/// takes one before its server does, and from a place of this process's own, so that test programs side by side seldom meet.
/// </summary>
public static class FreePort
{
    private const int First = 10_000;
    private const int Ports = 22_000;
    private const int BetweenProcesses = 223;
    private static int _given;

    public static int Next()
    {
        while (true)
        {
            var port = First + (int)(((uint)Environment.ProcessId * BetweenProcesses + (uint)Interlocked.Increment(ref _given)) % Ports);
            if (IsFree(port))
            {
                return port;
            }
        }
    }

    /// <summary>Several distinct free ports.</summary>
    public static int[] Next(int count) => [.. Enumerable.Range(0, count).Select(_ => Next())];

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
