using MlSystem.ServiceDefaults.Clients;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>Values that hold where no other source of configuration has one.</summary>
internal static class DefaultConfiguration
{
    public static IEnumerable<KeyValuePair<string, string?>> Values { get; } =
    [
        .. ServiceAddress.StandaloneAddresses,
        new("AllowedHosts", "*"),
        new("Logging:LogLevel:Default", "Information"),
        new("Logging:LogLevel:Microsoft.AspNetCore", "Warning"),
        new("Logging:LogLevel:Microsoft.EntityFrameworkCore", "Warning"),
        new("Logging:LogLevel:Microsoft.Hosting.Lifetime", "Information"),
        new("Logging:LogLevel:Microsoft.Extensions.ServiceDiscovery", "Warning"),
        new("Logging:LogLevel:System.Net.Http.HttpClient", "Warning"),
        new("Logging:LogLevel:MlSystem.ServiceDefaults.Authentication", "Warning"),
        new("Logging:LogLevel:Polly", "Error"),
        new("Logging:LogLevel:Yarp", "Error"),
    ];
}
