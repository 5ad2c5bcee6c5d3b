using System.Buffers;
using System.Text;
using System.Text.Json;
using MlSystem.Contracts;

namespace MlSystem.Monitor.Ingestion;

/// <summary>A batch of predictions that fits together: every list has an entry a request, every tensor the data that its shapes need.</summary>
internal sealed class PredictionBatch
{
    private const long MaxOffset = 366L * 86_400_000_000;
    private readonly int[] _rows;
    private readonly BatchTensor[] _inputs;
    private readonly BatchTensor[] _joinKeys;
    private readonly BatchTensor[] _outputs;

    /// <exception cref="FormatException">It does not fit together; the message says what.</exception>
    public PredictionBatch(PredictionBatchEvent batch)
    {
        Event = batch;
        Check(batch.BatchId.Length > 0, "batch_id is empty");
        Check(batch.Endpoint.Length > 0, "endpoint is empty");
        Check(batch.RequestIds.Count > 0, "request_ids is empty");
        Check(batch.RequestIds.All(id => id.Length > 0), "a request id is empty");
        CheckCount(batch.PairedRequestIds?.Count, "paired_request_ids");
        CheckCount(batch.TimeOffsetsMicroseconds.Count, "time_offsets_microseconds");
        Check(batch.TimeOffsetsMicroseconds.All(offset => offset is >= 0 and <= MaxOffset) && batch.Time.Year < 9000, "a time offset is below 0 or above a year");
        CheckCount(batch.LatenciesMicroseconds.Count, "latencies_microseconds");
        CheckCount(batch.Rows?.Count, "rows");
        _rows = batch.Rows is null ? [.. Enumerable.Repeat(1, Count)] : [.. batch.Rows];
        Check(!_rows.AsSpan().ContainsAnyInRange(int.MinValue, -1), "a request has fewer than 0 rows");
        _inputs = Tensors(batch.Inputs);
        _joinKeys = Tensors(batch.JoinKeys);
        _outputs = Tensors(batch.Outputs);
    }

    public PredictionBatchEvent Event { get; }

    /// <summary>Requests.</summary>
    public int Count => Event.RequestIds.Count;

    public ReadOnlySpan<int> Rows => _rows;

    /// <exception cref="FormatException">It is not a batch, or does not fit together; the message says what.</exception>
    public static PredictionBatch Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return new PredictionBatch(JsonSerializer.Deserialize(json, ContractsJson.Default.PredictionBatchEvent) ?? throw new FormatException("the payload is null"));
        }
        catch (JsonException error)
        {
            throw new FormatException(error.Message, error);
        }
    }

    public DateTimeOffset Time(int request) => Event.Time.AddTicks(Event.TimeOffsetsMicroseconds[request] * TimeSpan.TicksPerMicrosecond);

    /// <summary>The values of one row as JSON object, column by column.</summary>
    public string InputsJson(RowText text, int request, int row) => text.Of(_inputs, request, row, _rows[request]);

    /// <inheritdoc cref="InputsJson"/>
    public string JoinKeysJson(RowText text, int request, int row) => text.Of(_joinKeys, request, row, _rows[request]);

    /// <inheritdoc cref="InputsJson"/>
    public string OutputsJson(RowText text, int request, int row) => text.Of(_outputs, request, row, _rows[request]);

    private BatchTensor[] Tensors(IReadOnlyDictionary<string, BatchColumn> columns) => [.. columns.Select(column => new BatchTensor(column.Key, column.Value, _rows))];

    private void CheckCount(int? count, string list) => Check(count is null || count == Count, $"{list} has {count} entries for {Count} requests");

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new FormatException(otherwise);
        }
    }

    /// <summary>Makes texts of rows, with one buffer for all. Not safe for concurrent callers.</summary>
    internal sealed class RowText : IDisposable
    {
        private readonly ArrayBufferWriter<byte> _buffer = new(1024);
        private readonly Utf8JsonWriter _json;

        public RowText() => _json = new Utf8JsonWriter(_buffer);

        public string Of(BatchTensor[] tensors, int request, int row, int rows)
        {
            if (tensors.Length == 0)
            {
                return "{}";
            }

            _buffer.ResetWrittenCount();
            _json.Reset(_buffer);
            _json.WriteStartObject();
            foreach (var tensor in tensors)
            {
                tensor.WriteRow(_json, request, row, rows);
            }

            _json.WriteEndObject();
            _json.Flush();
            return Encoding.UTF8.GetString(_buffer.WrittenSpan);
        }

        public void Dispose() => _json.Dispose();
    }
}
