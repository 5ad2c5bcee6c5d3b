using System.Net;
using System.Net.Sockets;

namespace MlSystem.AppHost.Standalone.Preflight;

/// <summary>Finds ports that are taken before anything is started.</summary>
internal static class PortCheck
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <param name="grace">How long to wait for a taken port: services of a killed host need a moment to go.</param>
    /// <exception cref="StartRefusedException">Names every port that is taken.</exception>
    public static async Task EnsureFreeAsync(int offset, TimeSpan grace, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        for (var taken = Taken(offset); taken.Count > 0; taken = Taken(offset))
        {
            if (time.GetElapsedTime(start) >= grace)
            {
                var names = string.Join(", ", taken.Select(port => $"{port.Port} ({port.Owner})"));
                throw new StartRefusedException(
                    $"{(taken.Count == 1 ? $"port {names} is" : $"ports {names} are")} already in use on 127.0.0.1; free {(taken.Count == 1 ? "it" : "them")} or start with --port-offset <n>");
            }

            await Task.Delay(Step, time, cancellationToken);
        }
    }

    private static List<(int Port, string Owner)> Taken(int offset) =>
        ServiceTopology.Ports(offset).Where(port => !IsFree(port.Port)).ToList();

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
