using System.Reflection;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>Which service this process is.</summary>
/// <param name="Name">One of <see cref="Clients.ServiceAddress.Services"/>.</param>
/// <param name="Version">The version of the program.</param>
/// <param name="StartedAt">When the process was composed, UTC.</param>
public sealed record ServiceInfo(string Name, string Version, DateTimeOffset StartedAt)
{
    internal static ServiceInfo Of(string name, TimeProvider time)
    {
        var assembly = Assembly.GetEntryAssembly() ?? typeof(ServiceInfo).Assembly;
        var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
        return new ServiceInfo(name, version.Split('+')[0], time.GetUtcNow());
    }
}
