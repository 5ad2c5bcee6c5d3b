using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Garnet;

namespace MlSystem.FeatureStore.Online.Embedded;

/// <summary>
/// A Redis-compatible server in this process, on loopback, with an append-only file in a folder of its own. The standalone
/// host compiles this file too, so that the embedded online store is the same wherever it runs.
/// What it acknowledged in its last tenth of a second may be lost when the process is killed: it holds derived state only.
/// </summary>
internal sealed class EmbeddedGarnet : IDisposable
{
    /// <summary>Garnet waits for its connections without a bound when it is disposed of, and some never report their end.</summary>
    private static readonly TimeSpan Closing = TimeSpan.FromSeconds(5);

    private readonly GarnetServer _server;

    private EmbeddedGarnet(GarnetServer server, int port)
    {
        _server = server;
        Port = port;
    }

    public int Port { get; }

    /// <summary>In the form that StackExchange.Redis takes.</summary>
    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Recovers what the folder holds and listens.</summary>
    /// <param name="port">0 takes a free one.</param>
    /// <exception cref="IOException">The port can't be taken, or Garnet noticed that the folder is damaged.</exception>
    public static EmbeddedGarnet Start(string folder, int port, ILoggerFactory? logging = null)
    {
        GarnetServer? server = null;
        try
        {
            Directory.CreateDirectory(folder);
            port = port != 0 ? port : FreePort();
            server = new GarnetServer(Arguments(folder, port), logging);
            server.Start();
            return new EmbeddedGarnet(server, port);
        }
        catch (Exception error)
        {
            server?.Dispose();
            throw new IOException(
                $"the embedded cache can't start on {folder}: {error.Message.ReplaceLineEndings(" ").TrimEnd('.')}; if the folder is damaged, move it away: the feature store fills a new one", error);
        }
    }

    /// <summary>Returns within seconds: a server that does not end by then is left to the end of the process, which loses no more than its kill would.</summary>
    public void Dispose()
    {
        var closing = new Thread(_server.Dispose) { IsBackground = true, Name = "garnet closing" };
        closing.Start();
        closing.Join(Closing);
    }

    /// <summary>Sizes for a laptop; Garnet's defaults are a server's. They bound what is taken, pages are touched as they fill.</summary>
    private static string[] Arguments(string folder, int port) =>
    [
        "--port", port.ToString(CultureInfo.InvariantCulture),
        "--bind", "127.0.0.1",
        "--lua",
        "--aof",
        "--aof-commit-freq", "100",
        "--aof-memory", "64m",

        // Beyond this a checkpoint is taken and the file begins anew.
        "--aof-size-limit", "512m",
        "--recover",
        "--fail-on-recovery-error",
        "--checkpointdir", folder,

        // The default device needs libaio, which a plain machine lacks.
        "--device-type", "RandomAccess",
        "--memory", "2g",
        "--index", "16m",
        "-q",
    ];

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
