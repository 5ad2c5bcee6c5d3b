using System.Buffers;
using System.Text;
using SQLitePCL;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>A prepared statement; parameters count from 1, columns from 0.</summary>
internal sealed class SqliteStatement(SqliteDatabase database, sqlite3_stmt handle) : IDisposable
{
    public SqliteStatement Bind(int index, long value)
    {
        database.Check(raw.sqlite3_bind_int64(handle, index, value));
        return this;
    }

    public SqliteStatement BindBlob(int index, ReadOnlySpan<byte> value)
    {
        database.Check(raw.sqlite3_bind_blob(handle, index, value));
        return this;
    }

    public SqliteStatement BindNull(int index)
    {
        database.Check(raw.sqlite3_bind_null(handle, index));
        return this;
    }

    public SqliteStatement BindText(int index, string value)
    {
        // Keys are short: encoding on the stack saves one array a row.
        var max = Encoding.UTF8.GetMaxByteCount(value.Length);
        byte[]? rented = null;
        var buffer = max <= 512 ? stackalloc byte[512] : rented = ArrayPool<byte>.Shared.Rent(max);
        var length = Encoding.UTF8.GetBytes(value, buffer);
        database.Check(raw.sqlite3_bind_text(handle, index, buffer[..length]));
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return this;
    }

    /// <summary>True when a row is there.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        if (code != raw.SQLITE_DONE)
        {
            raw.sqlite3_reset(handle);
            database.Check(code);
        }

        return false;
    }

    /// <summary>Steps once and makes the statement ready for the next use.</summary>
    public void Run()
    {
        Step();
        Reset();
    }

    /// <summary>Frees the read lock; bound values stay.</summary>
    public void Reset() => raw.sqlite3_reset(handle);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public long Int64(int column) => raw.sqlite3_column_int64(handle, column);

    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    public void Dispose() => handle.Dispose();
}
