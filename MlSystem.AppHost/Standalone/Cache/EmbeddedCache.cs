using MlSystem.AppHost.Standalone.Logging;
using MlSystem.FeatureStore.Online.Embedded;

namespace MlSystem.AppHost.Standalone.Cache;

/// <summary>The online store inside the host, its state in the data directory. Derived state: the feature store can rebuild it.</summary>
internal sealed class EmbeddedCache : IDisposable
{
    private readonly EmbeddedGarnet _server;
    private readonly ILoggerFactory _logs;

    private EmbeddedCache(EmbeddedGarnet server, ILoggerFactory logs) => (_server, _logs) = (server, logs);

    /// <summary>Recovers the stored state and listens.</summary>
    /// <exception cref="StartRefusedException">The stored state can't be recovered.</exception>
    public static EmbeddedCache Start(HostSettings settings, MergedLog log)
    {
        var logs = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Warning).AddFilter("ArgParser", LogLevel.Error).AddProvider(new CacheLog(log)));
        try
        {
            return new EmbeddedCache(EmbeddedGarnet.Start(Path.Combine(settings.DataDirectory, "garnet"), ServiceTopology.CachePort + settings.PortOffset, logs), logs);
        }
        catch (IOException error)
        {
            logs.Dispose();
            throw new StartRefusedException(error.Message);
        }
    }

    public void Dispose()
    {
        _server.Dispose();
        _logs.Dispose();
    }
}
