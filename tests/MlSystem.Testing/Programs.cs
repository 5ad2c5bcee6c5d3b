namespace MlSystem.Testing;

/// <summary>Looks for programs that tests of real servers need.</summary>
public static class Programs
{
    /// <summary>The path of a program on PATH or in Debian's PostgreSQL folders; null when it is not installed.</summary>
    public static string? Find(string name)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var postgres = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin"))
            : [];
        return postgres.Concat(path).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }
}
