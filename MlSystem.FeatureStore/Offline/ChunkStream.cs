using System.Runtime.InteropServices;
using DuckDB.NET.Data;
using DuckDB.NET.Native;

namespace MlSystem.FeatureStore.Offline;

/// <summary>
/// The result of a query as DuckDB's own vectors of up to 2048 values, while it is being computed. Reading a cell at a time through ADO.NET
/// takes about 100 ns a value, which for the rows of a join is longer than the join.
/// </summary>
public sealed class ChunkStream : IDisposable
{
    private readonly DuckDBPreparedStatement _statement;
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenRegistration _interrupt;
    private DuckDBResult _result;
    private DuckDBDataChunk? _chunk;

    /// <exception cref="DuckDBQueryException">The query is not valid.</exception>
    public ChunkStream(DuckDBConnection connection, string sql, CancellationToken cancellationToken)
    {
        _cancellationToken = cancellationToken;
        if (NativeMethods.PreparedStatements.DuckDBPrepare(connection.NativeConnection, sql, out _statement) == DuckDBState.Error)
        {
            throw new DuckDBQueryException(NativeMethods.PreparedStatements.DuckDBPrepareError(_statement));
        }

        _interrupt = cancellationToken.Register(() => NativeMethods.Startup.DuckDBInterrupt(connection.NativeConnection));
        if (NativeMethods.PreparedStatements.DuckDBExecutePreparedStreaming(_statement, out _result) == DuckDBState.Error)
        {
            var failure = Failure();
            Dispose();
            throw failure;
        }
    }

    public int Columns => (int)NativeMethods.Query.DuckDBColumnCount(ref _result);

    /// <summary>Rows of the current chunk.</summary>
    public int Size { get; private set; }

    internal DuckDBDataChunk Chunk => _chunk!;

    internal ref DuckDBResult Result => ref _result;

    /// <summary>Goes to the next chunk; vectors of the one before are gone.</summary>
    /// <exception cref="DuckDBQueryException">The query failed.</exception>
    public bool Next()
    {
        _chunk?.Dispose();
        _cancellationToken.ThrowIfCancellationRequested();
        _chunk = NativeMethods.StreamingResult.DuckDBStreamFetchChunk(_result);
        Size = _chunk.IsInvalid ? 0 : (int)NativeMethods.DataChunks.DuckDBDataChunkGetSize(_chunk);
        if (Size == 0 && NativeMethods.Query.DuckDBResultErrorType(ref _result) != DuckDBErrorType.Invalid)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            throw Failure();
        }

        return Size > 0;
    }

    public unsafe DuckVector Vector(int column)
    {
        var vector = NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunk!, column);
        return new DuckVector((nint)NativeMethods.Vectors.DuckDBVectorGetData(vector), (nint)NativeMethods.Vectors.DuckDBVectorGetValidity(vector));
    }

    public void Dispose()
    {
        _interrupt.Dispose();
        _chunk?.Dispose();
        NativeMethods.Query.DuckDBDestroyResult(ref _result);
        _statement.Dispose();
    }

    private DuckDBQueryException Failure() => new(NativeMethods.Query.DuckDBResultError(ref _result));
}

/// <summary>A query failed inside DuckDB.</summary>
public sealed class DuckDBQueryException(string message) : Exception(message);

/// <summary>Values of one column of a chunk: valid until the next chunk.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly unsafe struct DuckVector(nint data, nint validity)
{
    public ReadOnlySpan<T> Values<T>(int size)
        where T : unmanaged => new((void*)data, size);

    public bool IsNull(int row) => validity != 0 && (((ulong*)validity)[row >> 6] & (1UL << (row & 63))) == 0;

    /// <summary>UTF-8 bytes of a VARCHAR: up to 12 bytes stand in the vector, longer texts elsewhere.</summary>
    public ReadOnlySpan<byte> Text(int row)
    {
        const int InlineBytes = 12;
        var text = (byte*)data + (row * 16L);
        var length = *(int*)text;
        return new ReadOnlySpan<byte>(length <= InlineBytes ? text + 4 : *(byte**)(text + 8), length);
    }
}
