using System.Globalization;
using Garnet;
using Microsoft.Extensions.Logging;
using MlSystem.AppHost.Standalone.Logging;

namespace MlSystem.AppHost.Standalone.Cache;

/// <summary>The online store: a Garnet server inside the host, on a loopback port, with its append-only file in the data directory. Derived state: the feature store can rebuild it.</summary>
internal sealed class EmbeddedCache : IDisposable
{
    private readonly GarnetServer _server;
    private readonly ILoggerFactory _logs;

    private EmbeddedCache(GarnetServer server, ILoggerFactory logs) => (_server, _logs) = (server, logs);

    /// <summary>Recovers the stored state and listens.</summary>
    /// <exception cref="StartRefusedException">The stored state can't be recovered.</exception>
    public static EmbeddedCache Start(HostSettings settings, MergedLog log)
    {
        var folder = Directory.CreateDirectory(Path.Combine(settings.DataDirectory, "garnet")).FullName;
        var logs = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Warning).AddFilter("ArgParser", LogLevel.Error).AddProvider(new CacheLog(log)));
        GarnetServer? server = null;
        try
        {
            server = new GarnetServer(Arguments(ServiceTopology.CachePort + settings.PortOffset, folder), logs);
            server.Start();
            return new EmbeddedCache(server, logs);
        }
        catch (Exception error)
        {
            server?.Dispose();
            logs.Dispose();
            throw new StartRefusedException(
                $"the embedded cache can't start on {folder}: {error.Message.ReplaceLineEndings(" ").TrimEnd('.')}; if the folder is damaged, move it away: the feature store fills a new one");
        }
    }

    public void Dispose()
    {
        _server.Dispose();
        _logs.Dispose();
    }

    /// <summary>RandomAccess because the default device needs libaio; sizes for a laptop, the defaults are a server's.</summary>
    private static string[] Arguments(int port, string folder) =>
    [
        "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1",
        "--lua", "--aof", "--recover", "--fail-on-recovery-error", "--device-type", "RandomAccess",
        "--checkpointdir", folder,
        "--memory", "2g", "--index", "16m", "--aof-memory", "64m", "--aof-size-limit", "512m", "-q",
    ];
}
