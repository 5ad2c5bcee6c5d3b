using System.Globalization;

namespace MlSystem.AppHost.Standalone.Processes;

/// <summary>The environment variables of a service: those that Aspire injects, in the same form, and the three that only a standalone host knows.</summary>
internal static class ServiceEnvironment
{
    /// <summary>
    /// Prefixes of inherited variables that would mix another system's addresses or stores into this one:
    /// the standalone host composes them all itself.
    /// </summary>
    private static readonly string[] Owned = ["ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPS_PORTS", "HTTP_PORTS", "HTTPS_PORTS", "URLS", "GRPC_PORT", "services__", "ConnectionStrings__"];

    public static bool IsOwned(string variable) => Owned.Any(prefix => prefix.EndsWith('_')
        ? variable.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
        : variable.Equals(prefix, StringComparison.OrdinalIgnoreCase));

    /// <param name="restarts">How often the host has started it again; shown on the gateway's status page.</param>
    public static Dictionary<string, string> Compose(ServiceDefinition service, HostSettings settings, int restarts)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_URLS"] = Url(service.HttpPort, settings),
            ["OTEL_SERVICE_NAME"] = service.Name,
            ["MlSystem__DataDirectory"] = settings.DataDirectory,
            ["MlSystem__Restarts"] = restarts.ToString(CultureInfo.InvariantCulture),
            ["MlSystem__ExitOnStdinClose"] = "true",
        };
        if (service.GrpcPort is { } grpc)
        {
            variables["GRPC_PORT"] = (grpc + settings.PortOffset).ToString(CultureInfo.InvariantCulture);
        }

        if (service.UsesCache)
        {
            variables["ConnectionStrings__cache"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ServiceTopology.CachePort + settings.PortOffset}");
        }

        foreach (var reference in service.References.Select(ServiceTopology.Service))
        {
            variables[$"services__{reference.Name}__http__0"] = Url(reference.HttpPort, settings);
            if (reference.GrpcPort is { } port)
            {
                variables[$"services__{reference.Name}__grpc__0"] = Url(port, settings);
            }
        }

        return variables;
    }

    /// <summary>What the host tells better by itself is not said again by each service. A user's own setting wins.</summary>
    public static IEnumerable<KeyValuePair<string, string>> LogDefaults { get; } = [new("Logging__LogLevel__Microsoft.Hosting.Lifetime", "Warning")];

    public static string Url(int port, HostSettings settings) =>
        string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port + settings.PortOffset}");
}
