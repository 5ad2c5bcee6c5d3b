using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace MlSystem.Training.Storage;

/// <summary>What both databases call by different names.</summary>
internal static class DatabaseErrors
{
    private const int SqliteConstraint = 19;

    /// <summary>Whether a unique key or index refused the write.</summary>
    public static bool IsDuplicate(this DbUpdateException error) => error.InnerException switch
    {
        SqliteException sqlite => sqlite.SqliteErrorCode == SqliteConstraint,
        PostgresException postgres => postgres.SqlState == PostgresErrorCodes.UniqueViolation,
        _ => false,
    };
}
