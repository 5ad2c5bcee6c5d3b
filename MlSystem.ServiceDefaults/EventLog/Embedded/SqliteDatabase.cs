using SQLitePCL;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>
/// One SQLite connection on the native API. ADO.NET's layer costs about 2 µs a row, which is more than SQLite itself needs
/// to read a 256-byte event. Not safe for concurrent calls.
/// </summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly sqlite3 _handle;
    private readonly List<SqliteStatement> _statements = [];

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(string path, sqlite3 handle) => (Path, _handle) = (path, handle);

    public string Path { get; }

    public static SqliteDatabase Open(string path, bool create = false)
    {
        var flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | (create ? raw.SQLITE_OPEN_CREATE : 0);
        var code = raw.sqlite3_open_v2(path, out var handle, flags, null);
        var database = new SqliteDatabase(path, handle);
        try
        {
            database.Check(code);
            raw.sqlite3_extended_result_codes(handle, 0);
            database.SetBusyTimeout(TimeSpan.FromSeconds(30));
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>How long a statement waits (blocking) for another process's lock before it fails as busy.</summary>
    public void SetBusyTimeout(TimeSpan timeout) => Check(raw.sqlite3_busy_timeout(_handle, (int)timeout.TotalMilliseconds));

    public void Execute(string sql) => Check(raw.sqlite3_exec(_handle, sql));

    /// <summary>False when another connection holds the write lock.</summary>
    public bool TryBeginWrite()
    {
        var code = raw.sqlite3_exec(_handle, "BEGIN IMMEDIATE");
        if (code == raw.SQLITE_BUSY)
        {
            return false;
        }

        Check(code);
        return true;
    }

    public void Rollback()
    {
        if (raw.sqlite3_get_autocommit(_handle) == 0)
        {
            Execute("ROLLBACK");
        }
    }

    public SqliteStatement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle));
        var statement = new SqliteStatement(this, handle);
        _statements.Add(statement);
        return statement;
    }

    public long Scalar(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_handle, sql, out var handle));
        using var statement = new SqliteStatement(this, handle);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    /// <summary>Runs <paramref name="work"/> in one write transaction; nothing of it stays when it throws.</summary>
    public void Write(Action work)
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            work();
            Execute("COMMIT");
        }
        catch
        {
            Rollback();
            throw;
        }
    }

    public void Check(int code)
    {
        if (code is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE)
        {
            return;
        }

        var message = raw.sqlite3_errmsg(_handle).utf8_to_string();
        throw code is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB
            ? new EventLogCorruptException(Path, message)
            : new IOException($"Event log file {Path}: {message} (SQLite code {code})");
    }

    public void Dispose()
    {
        foreach (var statement in _statements)
        {
            statement.Dispose();
        }

        _handle.Dispose();
    }
}
