using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace MlSystem.ServiceDefaults.Clients;

/// <summary>Addresses of the system's services.</summary>
public static class ServiceAddress
{
    /// <summary>Ports of the standalone system, also the defaults of a service started alone.</summary>
    private static readonly Dictionary<string, (int Http, int? Grpc)> StandalonePorts = new(StringComparer.Ordinal)
    {
        ["gateway"] = (8080, 8081),
        ["inference"] = (8082, 8083),
        ["registry"] = (8084, null),
        ["features"] = (6566, 6567),
        ["training"] = (8086, null),
        ["monitor"] = (8087, null),
    };

    /// <summary>Every service name.</summary>
    public static IReadOnlyCollection<string> Services => StandalonePorts.Keys;

    public static int StandaloneHttpPort(string service) => StandalonePorts[service].Http;

    public static int? StandaloneGrpcPort(string service) => StandalonePorts[service].Grpc;

    /// <summary>The service's HTTP address: configured, else that of the standalone system.</summary>
    public static Uri Http(IConfiguration configuration, string service) =>
        Configured(configuration, service, "http") ?? Local(StandaloneHttpPort(service));

    /// <summary>The service's gRPC address (cleartext HTTP/2): configured, else that of the standalone system.</summary>
    public static Uri Grpc(IConfiguration configuration, string service) =>
        Configured(configuration, service, "grpc")
        ?? Local(StandaloneGrpcPort(service) ?? throw new ArgumentException($"Service '{service}' has no gRPC endpoint.", nameof(service)));

    private static Uri? Configured(IConfiguration configuration, string service, string endpoint) =>
        configuration[$"services:{service}:{endpoint}:0"] is { Length: > 0 } address ? new Uri(address) : null;

    private static Uri Local(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
}
