using System.Runtime.InteropServices;

namespace MlSystem.AppHost.Standalone.Processes;

/// <summary>Where the services' programs are, and what runs them.</summary>
internal static class ServicePrograms
{
    /// <summary>Written by the host's own build: one line <c>name=path relative to the host's folder</c> for each service.</summary>
    private const string ListName = "services.txt";

    /// <summary>Paths by service name: from the build's list, else from <c>services/{name}</c> beside a published host.</summary>
    /// <exception cref="StartRefusedException">A program is missing.</exception>
    public static IReadOnlyDictionary<string, string> Locate(string hostFolder)
    {
        var listed = Listed(Path.Combine(hostFolder, ListName));
        return ServiceTopology.Services.ToDictionary(
            service => service.Name,
            service => new[] { Path.Combine("services", service.Name, service.Program + ".dll"), listed.GetValueOrDefault(service.Name) }
                .OfType<string>()
                .Select(path => Path.GetFullPath(path, hostFolder))
                .FirstOrDefault(File.Exists)
                ?? throw new StartRefusedException($"the program of service '{service.Name}' ({service.Program}.dll) is missing; build the solution again"),
            StringComparer.Ordinal);
    }

    /// <summary>The <c>dotnet</c> program that runs this process, so that services run on the same runtime.</summary>
    public static string DotnetHost()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var own = Environment.ProcessPath;
        if (own is not null && Path.GetFileName(own) == name)
        {
            return own;
        }

        // <root>/shared/Microsoft.NETCore.App/<version>/
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return new[] { Environment.GetEnvironmentVariable("DOTNET_HOST_PATH"), Path.Combine(root, name) }.FirstOrDefault(File.Exists) ?? name;
    }

    private static Dictionary<string, string> Listed(string list) => !File.Exists(list)
        ? []
        : File.ReadLines(list)
            .Select(line => line.Split('=', 2))
            .Where(parts => parts.Length == 2)
            .ToDictionary(parts => parts[0], parts => parts[1].Replace('\\', '/'), StringComparer.Ordinal);
}
