using MlSystem.Testing;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

/// <summary>The crash program (<c>tests/MlSystem.EventLogCrash</c>) on a fixture's folder.</summary>
internal static class EventLogProcess
{
    public static ServerProcess Start(EmbeddedFixture store, params string[] arguments)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var program = Path.Combine(Golden.RepositoryRoot(), "tests", "MlSystem.EventLogCrash", "bin", output.Parent!.Name, output.Name, "MlSystem.EventLogCrash.dll");
        return ServerProcess.Start("dotnet", [program, arguments[0], Path.GetDirectoryName(store.Folder)!, .. arguments[1..]]);
    }

    public static Task SaidAsync(this ServerProcess process, Func<IReadOnlyCollection<string>, bool> enough) =>
        process.WaitUntilAsync(_ => Task.FromResult(enough(process.Output)), TimeSpan.FromSeconds(30));
}
