using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Garnet;

namespace MlSystem.FeatureStore.Online.Embedded;

/// <summary>
/// A Redis-compatible server in this process, on loopback, with an append-only file in a folder of its own.
/// What it acknowledged last may be lost when the process is killed: it holds derived state only.
/// </summary>
public sealed class EmbeddedGarnet : IDisposable
{
    private readonly GarnetServer _server;

    private EmbeddedGarnet(GarnetServer server, int port)
    {
        _server = server;
        Port = port;
    }

    public int Port { get; }

    /// <summary>In the form that StackExchange.Redis takes.</summary>
    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts the server and recovers what its folder holds.</summary>
    /// <param name="port">0 takes a free one.</param>
    public static EmbeddedGarnet Start(string folder, int port, ILoggerFactory? logging = null)
    {
        Directory.CreateDirectory(folder);
        port = port != 0 ? port : FreePort();
        var server = new GarnetServer(
            [
                "--port", port.ToString(CultureInfo.InvariantCulture),
                "--bind", "127.0.0.1",
                "--lua", "true",
                "--aof", "true",
                "--recover", "true",
                "--checkpointdir", folder,

                // The default device needs libaio, which a plain machine lacks.
                "--device-type", "RandomAccess",
                "--memory", "512m",
                "--index", "64m",
                "--aof-memory", "64m",
                "--aof-commit-freq", "100",
                "--compaction-freq", "60",
                "--compaction-type", "Scan",
                "-q",
            ],
            logging);
        server.Start();
        return new EmbeddedGarnet(server, port);
    }

    public void Dispose() => _server.Dispose();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
