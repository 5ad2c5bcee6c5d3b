namespace MlSystem.Registry.Tests.Support;

/// <summary>The files that the tests were built from.</summary>
internal static class Repository
{
    // <root>/tests/<project>/bin/<configuration>/<framework>/
    public static string Root { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", ".."));
}
