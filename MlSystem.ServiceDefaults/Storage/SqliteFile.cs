using System.Globalization;
using Microsoft.Data.Sqlite;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Storage;

/// <summary>A SQLite database file, before EF Core opens it.</summary>
public static class SqliteFile
{
    private const int Corrupt = 11;
    private const int NotADatabase = 26;

    /// <summary>Reads the whole file's structure without writing to it; a file that does not exist yet is sound.</summary>
    /// <exception cref="StartupFailureException">The file is damaged or not a SQLite database.</exception>
    public static async Task ThrowIfCorruptedAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path) || new FileInfo(path).Length == 0)
        {
            return;
        }

        try
        {
            var finding = await ReadAsync(path, "PRAGMA quick_check(1)", SqliteOpenMode.ReadOnly, cancellationToken);
            if (finding is not "ok")
            {
                throw Damaged(path, finding?.ToString() ?? "no answer from quick_check", null);
            }
        }
        catch (SqliteException error) when (IsCorruption(error))
        {
            throw Damaged(path, error.Message, error);
        }
    }

    /// <summary>
    /// Removes the lock that EF Core's migrations leave in the file when the process is killed: nobody would ever release it.
    /// Only the holder of the folder's lock may call this, because only then the lock can't be a living process's.
    /// </summary>
    public static async Task ClearStaleMigrationLockAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return;
        }

        var locked = await ReadAsync(path, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '__EFMigrationsLock'", SqliteOpenMode.ReadWrite, cancellationToken);
        if (Convert.ToInt64(locked, CultureInfo.InvariantCulture) > 0)
        {
            await ReadAsync(path, "DELETE FROM \"__EFMigrationsLock\"", SqliteOpenMode.ReadWrite, cancellationToken);
        }
    }

    /// <summary>Whether SQLite says that the file itself is damaged.</summary>
    public static bool IsCorruption(SqliteException error) => error.SqliteErrorCode is Corrupt or NotADatabase;

    internal static StartupFailureException Damaged(string path, string reason, Exception? inner) =>
        new($"The database file {path} is damaged and was left as it is ({reason}); restore it from a backup or move it away.", inner);

    private static async Task<object?> ReadAsync(string path, string sql, SqliteOpenMode mode, CancellationToken cancellationToken)
    {
        var connectionString = new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 30 }.ToString();
        await using var connection = new SqliteConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(cancellationToken);
    }
}
