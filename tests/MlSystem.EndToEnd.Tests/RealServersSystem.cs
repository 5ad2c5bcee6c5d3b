using System.Globalization;
using MlSystem.Testing;

namespace MlSystem.EndToEnd.Tests;

/// <summary>
/// Every service as a process of its own against PostgreSQL, Redis and a Kafka-protocol broker, configured with
/// exactly the environment variables that Aspire injects.
/// </summary>
public sealed class RealServersSystem : RunningSystem
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, int> _http = Ports(Services);
    private readonly Dictionary<string, int> _grpc = Ports("gateway", "inference", "features");
    private readonly Dictionary<string, Dictionary<string, string?>> _environments = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServerProcess> _processes = new(StringComparer.Ordinal);
    private PostgresServer? _postgres;
    private RedisServer? _redis;
    private KafkaMockServer? _kafka;

    public override string? Missing => PostgresServer.Missing ?? RedisServer.Missing;

    public override Uri GrpcAddress => Address(_grpc["gateway"]);

    public override Uri HttpAddress(string service) => Address(_http[service]);

    public override async Task KillAndReviveAsync(string service)
    {
        await _processes[service].KillAsync();
        StartService(service);
        await WaitUntilReadyAsync(service);
    }

    protected override async Task StartAsync()
    {
        _postgres = await PostgresServer.StartAsync();
        _redis = await RedisServer.StartAsync();
        _kafka = await KafkaMockServer.StartAsync();
        foreach (var service in Services)
        {
            _environments[service] = await EnvironmentAsync(service);
            StartService(service);
        }

        foreach (var service in Services)
        {
            await WaitUntilReadyAsync(service);
        }
    }

    protected override async Task StopAsync()
    {
        foreach (var process in _processes.Values)
        {
            await process.DisposeAsync();
        }

        foreach (IAsyncDisposable? server in new IAsyncDisposable?[] { _postgres, _redis, _kafka })
        {
            if (server is not null)
            {
                await server.DisposeAsync();
            }
        }

        _folder.Dispose();
    }

    private void StartService(string service) =>
        _processes[service] = ServiceProgram.Start(service, _environments[service], _folder.Path);

    private async Task<Dictionary<string, string?>> EnvironmentAsync(string service)
    {
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ASPNETCORE_URLS"] = Address(_http[service]).ToString(),
            ["OTEL_SERVICE_NAME"] = service,
            ["MlSystem__DataDirectory"] = _folder["data"],
            ["ConnectionStrings__kafka"] = _kafka!.BootstrapServers,
        };
        if (_grpc.TryGetValue(service, out var grpc))
        {
            environment["GRPC_PORT"] = grpc.ToString(CultureInfo.InvariantCulture);
        }

        if (service is "registry" or "features" or "training" or "monitor")
        {
            environment["ConnectionStrings__database"] = await _postgres!.CreateDatabaseAsync();
        }

        if (service is "features")
        {
            environment["ConnectionStrings__cache"] = _redis!.ConnectionString;
        }

        foreach (var (name, port) in _http)
        {
            environment[$"services__{name}__http__0"] = Address(port).ToString();
        }

        foreach (var (name, port) in _grpc)
        {
            environment[$"services__{name}__grpc__0"] = Address(port).ToString();
        }

        return environment;
    }

    private static Dictionary<string, int> Ports(params string[] services) =>
        services.Zip(FreePort.Next(services.Length)).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);

    private static Uri Address(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
}
