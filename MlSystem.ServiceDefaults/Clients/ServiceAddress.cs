using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace MlSystem.ServiceDefaults.Clients;

/// <summary>Addresses of the system's services: <c>services:{name}:http:{n}</c> and <c>services:{name}:grpc:{n}</c>, one for each replica.</summary>
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

    /// <summary>The service's first HTTP address: configured, else that of the standalone system.</summary>
    public static Uri Http(IConfiguration configuration, string service) => AllHttp(configuration, service)[0];

    /// <summary>The service's first gRPC address (cleartext HTTP/2): configured, else that of the standalone system.</summary>
    public static Uri Grpc(IConfiguration configuration, string service) => AllGrpc(configuration, service)[0];

    /// <summary>The HTTP addresses of all the service's replicas, at least one.</summary>
    public static IReadOnlyList<Uri> AllHttp(IConfiguration configuration, string service) =>
        Configured(configuration, service, "http") is { Count: > 0 } found ? found : [Local(StandaloneHttpPort(service))];

    /// <summary>The gRPC addresses of all the service's replicas, at least one.</summary>
    public static IReadOnlyList<Uri> AllGrpc(IConfiguration configuration, string service) =>
        Configured(configuration, service, "grpc") is { Count: > 0 } found ? found
        : [Local(StandaloneGrpcPort(service) ?? throw new ArgumentException($"Service '{service}' has no gRPC endpoint.", nameof(service)))];

    /// <summary>The standalone addresses as configuration.</summary>
    internal static IEnumerable<KeyValuePair<string, string?>> StandaloneAddresses =>
        StandalonePorts.SelectMany(pair => new KeyValuePair<string, string?>[]
        {
            new($"services:{pair.Key}:http:0", Local(pair.Value.Http).ToString()),
            new($"services:{pair.Key}:grpc:0", pair.Value.Grpc is { } port ? Local(port).ToString() : null),
        }).Where(pair => pair.Value is not null);

    private static List<Uri> Configured(IConfiguration configuration, string service, string endpoint) =>
        configuration.GetSection($"services:{service}:{endpoint}").GetChildren()
            .OrderBy(child => int.TryParse(child.Key, CultureInfo.InvariantCulture, out var n) ? n : int.MaxValue)
            .Where(child => !string.IsNullOrEmpty(child.Value))
            .Select(child => new Uri(child.Value!)).ToList();

    private static Uri Local(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
}
