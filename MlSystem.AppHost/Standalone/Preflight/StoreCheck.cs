using Microsoft.Data.Sqlite;

namespace MlSystem.AppHost.Standalone.Preflight;

/// <summary>Finds damaged SQLite files before a service opens them. Reads only: what is damaged is left exactly as it is.</summary>
internal static class StoreCheck
{
    /// <summary>Up to this size (64 MiB, well under a second) every page is checked; of a larger file the header and the schema.</summary>
    private const long WholeFileLimit = 64 << 20;

    private const int SqliteCorrupt = 11;
    private const int SqliteNotADatabase = 26;

    /// <exception cref="StartRefusedException">Names the first damaged file, in the order of paths.</exception>
    public static void EnsureSound(string dataDirectory)
    {
        foreach (var file in Directory.EnumerateFiles(dataDirectory, "*.db", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            if (Damage(file) is { } damage)
            {
                throw new StartRefusedException(
                    $"the database file {file} is damaged ({damage}); restore it from a backup, or move it away to start without its content");
            }
        }
    }

    private static string? Damage(string file)
    {
        try
        {
            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder
            {
                DataSource = file,
                Mode = SqliteOpenMode.ReadOnly,
                Pooling = false,
            }.ToString());
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = new FileInfo(file).Length <= WholeFileLimit ? "PRAGMA quick_check(1)" : "SELECT 'ok' FROM (SELECT count(*) FROM sqlite_schema)";
            return command.ExecuteScalar() is string verdict and not "ok" ? verdict.ReplaceLineEndings(" ") : null;
        }
        catch (SqliteException error) when (error.SqliteErrorCode is SqliteCorrupt or SqliteNotADatabase)
        {
            return error.SqliteErrorCode == SqliteCorrupt ? "its pages are malformed" : "it is not a database";
        }
    }
}
