using System.Globalization;
using System.Net.Sockets;

namespace MlSystem.Testing;

/// <summary>A Redis server of its own on a free loopback port, from the machine's own packages.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private ServerProcess? _server;

    /// <summary>Why there is none here, or null when it can be started.</summary>
    public static string? Missing { get; } = Programs.Find("redis-server") is null ? "Redis is not installed (Debian package redis-server)" : null;

    public int Port { get; } = FreePort.Next();

    /// <summary>In the form that Aspire injects.</summary>
    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    public static async Task<RedisServer> StartAsync()
    {
        var redis = new RedisServer();
        await redis.StartServerAsync();
        return redis;
    }

    /// <summary>SIGKILL; <see cref="StartServerAsync"/> brings it back on the same port with the same data.</summary>
    public Task KillAsync() => _server!.KillAsync();

    public async Task StartServerAsync()
    {
        _server = ServerProcess.Start(
            Programs.Find("redis-server")!,
            ["--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", _folder.Path, "--appendonly", "yes"]);
        await _server.WaitUntilAsync(AnswersAsync, TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Port, cancellationToken);
        return true;
    }
}
