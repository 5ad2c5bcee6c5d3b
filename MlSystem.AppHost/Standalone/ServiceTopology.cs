namespace MlSystem.AppHost.Standalone;

/// <summary>One service of the system, as both ways of composing it see it.</summary>
/// <param name="Program">Name of its assembly.</param>
/// <param name="HttpPort">Default port before <see cref="HostSettings.PortOffset"/>.</param>
/// <param name="GrpcPort">Default port of its gRPC endpoint (cleartext HTTP/2), or null when it has none.</param>
/// <param name="References">Services whose addresses it is given.</param>
/// <param name="WaitsFor">Services that must be ready before it is started.</param>
internal sealed record ServiceDefinition(
    string Name, string Program, int HttpPort, int? GrpcPort, string[] References, string[] WaitsFor, bool UsesCache = false);

/// <summary>All services, those without dependencies first.</summary>
internal static class ServiceTopology
{
    /// <summary>Default port of the embedded cache.</summary>
    public const int CachePort = 6568;

    public const string Gateway = "gateway";

    public static IReadOnlyList<ServiceDefinition> Services { get; } =
    [
        new("registry", "MlSystem.Registry", 8084, null, References: ["monitor"], WaitsFor: []),
        new("features", "MlSystem.FeatureStore", 6566, 6567, References: [], WaitsFor: [], UsesCache: true),
        new("monitor", "MlSystem.Monitor", 8087, null, References: ["registry", "features", "training", "inference"], WaitsFor: []),
        new("training", "MlSystem.Training", 8086, null, References: ["registry", "features", "monitor"], WaitsFor: ["registry", "features"]),
        new("inference", "MlSystem.Inference", 8082, 8083, References: ["registry", "features"], WaitsFor: ["registry", "features"]),
        new(Gateway, "MlSystem.Gateway", 8080, 8081,
            References: ["inference", "registry", "features", "training", "monitor"],
            WaitsFor: ["inference", "registry", "features", "training", "monitor"]),
    ];

    public static ServiceDefinition Service(string name) => Services.First(service => service.Name == name);

    /// <summary>Every port that the system listens on, with what listens there.</summary>
    public static IEnumerable<(int Port, string Owner)> Ports(int offset) =>
        Services.SelectMany(service => service.GrpcPort is { } grpc
                ? [(service.HttpPort + offset, service.Name), (grpc + offset, $"{service.Name}, gRPC")]
                : new[] { (service.HttpPort + offset, service.Name) })
            .Append((CachePort + offset, "cache"));
}
