using SQLitePCL;

namespace MlSystem.Benchmarks.EventLog;

/// <summary>What SQLite itself can do: one table, one prepared statement on the native API, a durable commit each batch.</summary>
internal sealed class RawSqlite : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _insert;
    private readonly sqlite3_stmt _read;

    public RawSqlite(string path)
    {
        Batteries_V2.Init();
        Check(raw.sqlite3_open_v2(path, out _database, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX, null));
        Check(raw.sqlite3_exec(_database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE events(id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB NOT NULL)"));
        Check(raw.sqlite3_prepare_v2(_database, "INSERT INTO events(key, value) VALUES (?1, ?2)", out _insert));
        Check(raw.sqlite3_prepare_v2(_database, "SELECT id, key, value FROM events WHERE id >= ?1 ORDER BY id LIMIT ?2", out _read));
    }

    public void Append(byte[][] keys, byte[] value)
    {
        Check(raw.sqlite3_exec(_database, "BEGIN IMMEDIATE"));
        foreach (var key in keys)
        {
            raw.sqlite3_bind_text(_insert, 1, key.AsSpan());
            raw.sqlite3_bind_blob(_insert, 2, value.AsSpan());
            Check(raw.sqlite3_step(_insert));
            raw.sqlite3_reset(_insert);
        }

        Check(raw.sqlite3_exec(_database, "COMMIT"));
    }

    /// <summary>Reads everything in batches; returns the number of rows. Value and key are copied out, as any reader must.</summary>
    public long ReadAll(int batch)
    {
        long rows = 0, next = 0, before;
        do
        {
            before = rows;
            raw.sqlite3_bind_int64(_read, 1, next);
            raw.sqlite3_bind_int(_read, 2, batch);
            while (raw.sqlite3_step(_read) == raw.SQLITE_ROW)
            {
                next = raw.sqlite3_column_int64(_read, 0) + 1;
                var key = raw.sqlite3_column_blob(_read, 1).ToArray();
                var value = raw.sqlite3_column_blob(_read, 2).ToArray();
                rows += key.Length > 0 && value.Length > 0 ? 1 : 0;
            }

            raw.sqlite3_reset(_read);
        }
        while (rows > before);
        return rows;
    }

    public void Dispose()
    {
        _insert.Dispose();
        _read.Dispose();
        _database.Dispose();
    }

    private static void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_DONE or raw.SQLITE_ROW))
        {
            throw new InvalidOperationException($"SQLite code {code}");
        }
    }
}
