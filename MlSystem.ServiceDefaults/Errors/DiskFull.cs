using Microsoft.Data.Sqlite;
using Npgsql;

namespace MlSystem.ServiceDefaults.Errors;

/// <summary>Tells a full disk from other failures of files and databases.</summary>
internal static class DiskFull
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int SqliteFull = 13;

    public static bool Is(Exception? error) => error switch
    {
        null => false,
        // On Unix .NET gives the error number as HResult.
        IOException { HResult: NoSpace or QuotaExceeded or WindowsDiskFull or WindowsHandleDiskFull } => true,
        SqliteException { SqliteErrorCode: SqliteFull } => true,
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => true,
        _ => Is(error.InnerException),
    };
}
