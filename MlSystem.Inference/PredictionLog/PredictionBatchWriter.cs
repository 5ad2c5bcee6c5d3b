using System.Buffers;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.PredictionLog;

/// <summary>Writes a closed batch as <see cref="PredictionBatchEvent"/> in the JSON form of the contracts. Not safe for concurrent callers.</summary>
internal sealed class PredictionBatchWriter(SensitiveValues sensitive) : IDisposable
{
    // What is written is well-formed by construction, and names are those of tensors: checking both again costs a fifth of the time.
    private readonly Utf8JsonWriter _json = new(Stream.Null, new JsonWriterOptions { SkipValidation = true });

    public void Dispose() => _json.Dispose();

    public void Write(BatchBuilder batch, string id, DateTimeOffset time, IBufferWriter<byte> output)
    {
        _json.Reset(output);
        var key = batch.Key;
        var requests = batch.Requests;
        _json.WriteStartObject();
        _json.WriteString("batch_id"u8, id);
        _json.WriteString("endpoint"u8, key.Endpoint.Name);
        _json.WriteNumber("endpoint_revision"u8, key.Endpoint.Revision);
        _json.WriteString("model"u8, key.Version.Model);
        _json.WriteNumber("version"u8, key.Version.Version);
        _json.WriteString("variant"u8, key.Variant);
        _json.WriteString("role"u8, key.Role);
        _json.WriteString("time"u8, time);
        WriteIds(requests);
        WriteNumbers(requests, (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        WriteColumns("inputs"u8, batch.Inputs);
        WriteColumns("join_keys"u8, batch.JoinKeys);
        WriteColumns("outputs"u8, batch.Outputs);
        _json.WriteEndObject();
        _json.Flush();
    }

    private void WriteIds(ReadOnlySpan<LoggedRequest> requests)
    {
        _json.WriteStartArray("request_ids"u8);
        foreach (ref readonly var request in requests)
        {
            _json.WriteStringValue(request.Id);
        }

        _json.WriteEndArray();
        if (requests[0].PairedId is not null)
        {
            _json.WriteStartArray("paired_request_ids"u8);
            foreach (ref readonly var request in requests)
            {
                _json.WriteStringValue(request.PairedId!.Value);
            }

            _json.WriteEndArray();
        }

        WriteClientIds(requests);
    }

    private void WriteClientIds(ReadOnlySpan<LoggedRequest> requests)
    {
        var any = false;
        for (var i = 0; i < requests.Length; i++)
        {
            if (requests[i].ClientId is { } client)
            {
                Begin("client_ids"u8, ref any);
                Name(i);
                _json.WriteStringValue(client);
            }
        }

        End(any);
    }

    private void WriteNumbers(ReadOnlySpan<LoggedRequest> requests, long start)
    {
        _json.WriteStartArray("time_offsets_microseconds"u8);
        var single = true;
        foreach (ref readonly var request in requests)
        {
            _json.WriteNumberValue(request.Time - start);
            single &= request.Rows == 1;
        }

        _json.WriteEndArray();
        if (!single)
        {
            _json.WriteStartArray("rows"u8);
            foreach (ref readonly var request in requests)
            {
                _json.WriteNumberValue(request.Rows);
            }

            _json.WriteEndArray();
        }

        _json.WriteStartArray("latencies_microseconds"u8);
        foreach (ref readonly var request in requests)
        {
            _json.WriteNumberValue(request.LatencyMicroseconds);
        }

        _json.WriteEndArray();
        WriteAges(requests);
    }

    private void WriteAges(ReadOnlySpan<LoggedRequest> requests)
    {
        var any = false;
        for (var i = 0; i < requests.Length; i++)
        {
            if (requests[i].OldestFeatureAgeSeconds is { } age)
            {
                Begin("oldest_feature_ages_seconds"u8, ref any);
                Name(i);
                _json.WriteNumberValue(age);
            }
        }

        End(any);
    }

    private void WriteColumns(ReadOnlySpan<byte> name, ColumnBuilder?[] columns)
    {
        _json.WriteStartObject(name);
        foreach (var column in columns)
        {
            if (column?.Shape is not null)
            {
                WriteColumn(column);
            }
        }

        _json.WriteEndObject();
    }

    private void WriteColumn(ColumnBuilder column)
    {
        _json.WriteStartObject(column.Info.JsonName);
        _json.WriteString("datatype"u8, column.Hashed ? Datatype.Bytes.Name() : column.Info.Datatype.Name());
        _json.WritePropertyName("shape"u8);
        JsonTensorWriter.WriteShape(_json, column.Shape);
        if (column.OtherShapes is { Count: > 0 } shapes)
        {
            _json.WriteStartObject("shapes"u8);
            foreach (var (request, shape) in shapes)
            {
                Name(request);
                JsonTensorWriter.WriteShape(_json, shape);
            }

            _json.WriteEndObject();
        }

        if (column.Absent is { Count: > 0 } absent)
        {
            _json.WriteStartArray("absent"u8);
            absent.ForEach(request => _json.WriteNumberValue(request));
            _json.WriteEndArray();
        }

        WriteData(column);
        _json.WriteEndObject();
    }

    private void WriteData(ColumnBuilder column)
    {
        if (!column.Hashed)
        {
            _json.WriteBase64String("data"u8, column.Data.Written);
            return;
        }

        var hashes = new PooledBytes();
        sensitive.Write(column, hashes);
        _json.WriteBase64String("data"u8, hashes.Written);
        hashes.Free();
    }

    private void Begin(ReadOnlySpan<byte> map, ref bool any)
    {
        if (!any)
        {
            _json.WriteStartObject(map);
            any = true;
        }
    }

    private void End(bool any)
    {
        if (any)
        {
            _json.WriteEndObject();
        }
    }

    /// <summary>A request's place as a property name.</summary>
    private void Name(int request)
    {
        Span<byte> digits = stackalloc byte[11];
        System.Buffers.Text.Utf8Formatter.TryFormat(request, digits, out var length);
        _json.WritePropertyName(digits[..length]);
    }
}
