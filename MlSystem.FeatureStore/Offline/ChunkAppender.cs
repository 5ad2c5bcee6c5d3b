using DuckDB.NET.Data;
using DuckDB.NET.Native;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Offline;

/// <summary>Appends whole vectors to a table.</summary>
public sealed class ChunkAppender : IDisposable
{
    /// <summary>DuckDB's vector size.</summary>
    public const int MaxRows = 2048;

    private readonly DuckDB.NET.Native.DuckDBAppender _appender;
    private readonly DuckDBDataChunk[] _chunks;

    /// <param name="chunks">How many chunks can be filled at the same time, by as many threads.</param>
    public ChunkAppender(DuckDBConnection connection, string table, IReadOnlyList<Datatype> columns, int chunks = 1)
    {
        Check(NativeMethods.Appender.DuckDBAppenderCreate(connection.NativeConnection, null!, table, out _appender), table);
        var types = columns.Select(column => NativeMethods.LogicalType.DuckDBCreateLogicalType(TypeOf(column))).ToArray();
        try
        {
            var handles = Array.ConvertAll(types, type => type.DangerousGetHandle());
            _chunks = [.. Enumerable.Range(0, chunks).Select(_ => NativeMethods.DataChunks.DuckDBCreateDataChunk(handles, (ulong)handles.Length))];
        }
        finally
        {
            Array.ForEach(types, type => type.Dispose());
        }
    }

    public int Chunks => _chunks.Length;

    /// <summary>A column of the rows that the next <see cref="Append"/> of this chunk takes.</summary>
    public WritableVector Vector(int column, int chunk = 0) => new(NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunks[chunk], column));

    /// <summary>Appends a chunk and empties it; one at a time.</summary>
    /// <param name="rows">Up to <see cref="MaxRows"/>.</param>
    public void Append(int rows, int chunk = 0)
    {
        _ = NativeMethods.DataChunks.DuckDBDataChunkSetSize(_chunks[chunk], (ulong)rows);
        Check(NativeMethods.Appender.DuckDBAppendDataChunk(_appender, _chunks[chunk]), "rows");
        NativeMethods.DataChunks.DuckDBDataChunkReset(_chunks[chunk]);
    }

    /// <summary>Makes what was appended part of the table.</summary>
    public void Complete() => Check(NativeMethods.Appender.DuckDBAppenderFlush(_appender), "rows");

    public void Dispose()
    {
        Array.ForEach(_chunks, chunk => chunk.Dispose());
        _appender.Dispose();
    }

    private static void Check(DuckDBState state, string what)
    {
        if (state == DuckDBState.Error)
        {
            throw new DuckDBQueryException($"DuckDB took no {what}.");
        }
    }

    private static DuckDBType TypeOf(Datatype datatype) => datatype switch
    {
        Datatype.Bool => DuckDBType.Boolean,
        Datatype.Int32 => DuckDBType.Integer,
        Datatype.Int64 or Datatype.Timestamp => DuckDBType.BigInt,
        Datatype.Fp32 => DuckDBType.Float,
        Datatype.Fp64 => DuckDBType.Double,
        _ => DuckDBType.Varchar,
    };
}

/// <summary>A column that is being filled.</summary>
public readonly unsafe struct WritableVector
{
    private readonly nint _vector;

    internal WritableVector(nint vector)
    {
        _vector = vector;
        NativeMethods.Vectors.DuckDBVectorEnsureValidityWritable(vector);
    }

    public Span<T> Values<T>(int size)
        where T : unmanaged => new(NativeMethods.Vectors.DuckDBVectorGetData(_vector), size);

    public void SetNull(int row) => NativeMethods.ValidityMask.DuckDBValiditySetRowValidity(NativeMethods.Vectors.DuckDBVectorGetValidity(_vector), (ulong)row, false);

    public void SetText(int row, ReadOnlySpan<byte> text)
    {
        fixed (byte* bytes = text)
        {
            // Of an empty span there is no address.
            byte none = 0;
            NativeMethods.Vectors.DuckDBVectorAssignStringElementLength(_vector, (ulong)row, bytes is null ? &none : bytes, text.Length);
        }
    }
}
