using MlSystem.Testing;

namespace MlSystem.EndToEnd.Tests;

/// <summary>Where the built programs are: beside this test's own build, in the same configuration.</summary>
internal static class ServiceProgram
{
    private static readonly Dictionary<string, string> Projects = new(StringComparer.Ordinal)
    {
        ["registry"] = "MlSystem.Registry",
        ["features"] = "MlSystem.FeatureStore",
        ["training"] = "MlSystem.Training",
        ["monitor"] = "MlSystem.Monitor",
        ["inference"] = "MlSystem.Inference",
        ["gateway"] = "MlSystem.Gateway",
        ["host"] = "MlSystem.AppHost",
    };

    public static string Path(string service)
    {
        var output = System.IO.Path.GetRelativePath(
            System.IO.Path.Combine(Golden.RepositoryRoot(), "tests", "MlSystem.EndToEnd.Tests"), AppContext.BaseDirectory);
        return System.IO.Path.Combine(Golden.RepositoryRoot(), Projects[service], output, Projects[service] + ".dll");
    }

    public static ServerProcess Start(string service, IReadOnlyDictionary<string, string?> environment, string workingDirectory, params string[] arguments) =>
        ServerProcess.Start(
            Environment.ProcessPath is { } own && System.IO.Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : "dotnet",
            ["exec", Path(service), .. arguments], environment, workingDirectory);
}
