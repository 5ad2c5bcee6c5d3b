using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Online.Embedded;
using MlSystem.ServiceDefaults.Storage;
using StackExchange.Redis;

namespace MlSystem.FeatureStore.Online;

/// <summary>
/// The connection to the server of <c>ConnectionStrings:cache</c>, or to a Garnet of its own in this process where there is none.
/// It is made once, comes back by itself, and fails at once while the server is away.
/// </summary>
public sealed class OnlineConnection(
    IConfiguration configuration, DataDirectory data, OnlineState state, IOptions<FeatureStoreOptions> options, ILoggerFactory logging) : IAsyncDisposable
{
    private readonly SemaphoreSlim _connecting = new(1);
    private EmbeddedGarnet? _garnet;
    private volatile ConnectionMultiplexer? _connection;

    public TimeSpan Timeout => TimeSpan.FromSeconds(options.Value.OnlineTimeoutSeconds);

    public async ValueTask<IDatabase> DatabaseAsync(CancellationToken cancellationToken) =>
        (_connection ?? await ConnectAsync(cancellationToken)).GetDatabase();

    /// <summary>The server that takes writes, for commands on all of its keys.</summary>
    /// <exception cref="OnlineStoreException">It is away.</exception>
    public async ValueTask<IServer> ServerAsync(CancellationToken cancellationToken)
    {
        var connection = _connection ?? await ConnectAsync(cancellationToken);
        return connection.GetServers().FirstOrDefault(server => server is { IsConnected: true, IsReplica: false })
            ?? throw new OnlineStoreException("The online store is away: no server takes writes.");
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        _garnet?.Dispose();
        _connecting.Dispose();
    }

    private async Task<ConnectionMultiplexer> ConnectAsync(CancellationToken cancellationToken)
    {
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            return _connection ??= await OpenAsync();
        }
        finally
        {
            _connecting.Release();
        }
    }

    private async Task<ConnectionMultiplexer> OpenAsync()
    {
        var address = configuration.GetConnectionString("cache");
        if (string.IsNullOrEmpty(address))
        {
            _garnet ??= EmbeddedGarnet.Start(Path.Combine(data.Own, "garnet"), port: 0, logging);
            address = _garnet.ConnectionString;
        }

        var settings = ConfigurationOptions.Parse(address);
        settings.ClientName ??= "mlsystem-features";
        settings.AbortOnConnectFail = false;
        settings.BacklogPolicy = BacklogPolicy.FailFast;
        settings.ConnectTimeout = 1000;
        settings.AsyncTimeout = settings.SyncTimeout = (int)Math.Ceiling(Timeout.TotalMilliseconds);
        settings.ReconnectRetryPolicy = new LinearRetry(250);
        settings.HeartbeatInterval = TimeSpan.FromMilliseconds(250);
        var connection = await ConnectionMultiplexer.ConnectAsync(settings);

        // Raised before the new connection is in use: nothing is read from a server that may have lost its last second.
        connection.ConnectionFailed += (_, failure) => state.Lost($"the connection to the online store failed ({failure.FailureType})");
        return connection;
    }
}
