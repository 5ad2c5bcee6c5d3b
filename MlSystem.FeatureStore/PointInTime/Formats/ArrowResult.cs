using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.C;
using Apache.Arrow.Ipc;
using DuckDB.NET.Data;
using DuckDB.NET.Native;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Formats;

/// <summary>
/// A query's result as an Arrow IPC stream, while it is computed: DuckDB hands over its vectors through Arrow's C data interface. A batch has up to 2048 rows,
/// fewer where rows are so wide that it would outgrow a message.
/// </summary>
internal sealed class ArrowResult : IDisposable
{
    /// <summary>gRPC takes messages of up to 4 MiB unless told otherwise.</summary>
    private const int MaxBatchBytes = 2 * 1024 * 1024;

    private readonly ChunkStream _chunks;
    private readonly DuckDBArrowOptions _options;

    public ArrowResult(DuckDBConnection connection, string query, CancellationToken cancellationToken)
    {
        _chunks = new ChunkStream(connection, query, cancellationToken);
        _options = NativeMethods.Arrow.DuckDBResultGetArrowOptions(ref _chunks.Result);
        Schema = ReadSchema();
    }

    public Schema Schema { get; }

    /// <summary>Writes the whole stream, its end included.</summary>
    /// <param name="flushed">Called when the schema and when each batch has been written.</param>
    public async Task WriteAsync(Stream output, Func<Task> flushed, CancellationToken cancellationToken)
    {
        using var writer = new ArrowStreamWriter(output, Schema, leaveOpen: true);
        await writer.WriteStartAsync(cancellationToken);
        await flushed();
        while (_chunks.Next())
        {
            using var batch = Batch();
            var rows = (int)Math.Clamp(batch.Length * (long)MaxBatchBytes / Math.Max(1, Bytes(batch)), 1, batch.Length);
            for (var first = 0; first < batch.Length; first += rows)
            {
                using var slice = rows == batch.Length ? null : batch.Slice(first, Math.Min(rows, batch.Length - first));
                await writer.WriteRecordBatchAsync(slice ?? batch, cancellationToken);
                await flushed();
            }
        }

        await writer.WriteEndAsync(cancellationToken);
        await flushed();
    }

    public void Dispose()
    {
        _options.Dispose();
        _chunks.Dispose();
    }

    private static long Bytes(RecordBatch batch) => batch.Arrays.Sum(Bytes);

    private static long Bytes(IArrowArray array) => array.Data.Buffers.Sum(buffer => (long)buffer.Length);

    private unsafe Schema ReadSchema()
    {
        var columns = _chunks.Columns;
        var types = new DuckDBLogicalType[columns];
        var names = new nint[columns];
        var schema = CArrowSchema.Create();
        try
        {
            for (var i = 0; i < columns; i++)
            {
                types[i] = NativeMethods.Query.DuckDBColumnLogicalType(ref _chunks.Result, i);
                names[i] = Marshal.StringToCoTaskMemUTF8(NativeMethods.Query.DuckDBColumnName(ref _chunks.Result, i));
            }

            fixed (nint* handles = System.Array.ConvertAll(types, type => type.DangerousGetHandle()))
            fixed (nint* texts = names)
            {
                Check(NativeMethods.Arrow.DuckDBToArrowSchema(_options, (nint)handles, (nint)texts, (ulong)columns, (nint)schema));
            }

            return CArrowSchemaImporter.ImportSchema(schema);
        }
        finally
        {
            CArrowSchema.Free(schema);
            System.Array.ForEach(names, Marshal.FreeCoTaskMem);
            System.Array.ForEach(types, type => type?.Dispose());
        }
    }

    private unsafe RecordBatch Batch()
    {
        var array = CArrowArray.Create();
        try
        {
            Check(NativeMethods.Arrow.DuckDBDataChunkToArrow(_options, _chunks.Chunk, (nint)array));
            return CArrowArrayImporter.ImportRecordBatch(array, Schema);
        }
        finally
        {
            CArrowArray.Free(array);
        }
    }

    private static void Check(DuckDBErrorData error)
    {
        using (error)
        {
            if (!error.IsInvalid && NativeMethods.ErrorData.DuckDBErrorDataHasError(error))
            {
                throw new DuckDBQueryException(NativeMethods.ErrorData.DuckDBErrorDataMessage(error));
            }
        }
    }
}
