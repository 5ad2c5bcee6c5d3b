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
    private readonly DuckDBDataChunk _chunk;

    public ChunkAppender(DuckDBConnection connection, string table, IReadOnlyList<Datatype> columns)
    {
        Check(NativeMethods.Appender.DuckDBAppenderCreate(connection.NativeConnection, null!, table, out _appender), table);
        var types = columns.Select(column => NativeMethods.LogicalType.DuckDBCreateLogicalType(TypeOf(column))).ToArray();
        try
        {
            _chunk = NativeMethods.DataChunks.DuckDBCreateDataChunk(Array.ConvertAll(types, type => type.DangerousGetHandle()), (ulong)types.Length);
        }
        finally
        {
            Array.ForEach(types, type => type.Dispose());
        }
    }

    /// <summary>A column of the rows that the next <see cref="Append"/> takes.</summary>
    public WritableVector Vector(int column) => new(NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunk, column));

    /// <param name="rows">Up to <see cref="MaxRows"/>.</param>
    public void Append(int rows)
    {
        _ = NativeMethods.DataChunks.DuckDBDataChunkSetSize(_chunk, (ulong)rows);
        Check(NativeMethods.Appender.DuckDBAppendDataChunk(_appender, _chunk), "rows");
        NativeMethods.DataChunks.DuckDBDataChunkReset(_chunk);
    }

    /// <summary>Makes what was appended part of the table.</summary>
    public void Complete() => Check(NativeMethods.Appender.DuckDBAppenderFlush(_appender), "rows");

    public void Dispose()
    {
        _chunk.Dispose();
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
