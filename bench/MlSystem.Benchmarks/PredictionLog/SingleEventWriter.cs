using System.Buffers;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Tensors;

namespace MlSystem.Benchmarks.PredictionLog;

/// <summary>The form before batches: one <see cref="PredictionEvent"/> a request, straight from the tensors. Its buffer is used again and again: not safe for concurrent callers.</summary>
internal sealed class SingleEventWriter : IDisposable
{
    private const int MaxKeptBytes = 1 << 20;
    private readonly Utf8JsonWriter _json;
    private ArrayBufferWriter<byte> _buffer = new(4096);

    public SingleEventWriter() => _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });

    public void Dispose() => _json.Dispose();

    public byte[] Write(AnsweredCall call, bool withInputs)
    {
        _buffer.ResetWrittenCount();
        if (_buffer.Capacity > MaxKeptBytes)
        {
            _buffer = new ArrayBufferWriter<byte>(4096);
        }

        _json.Reset(_buffer);
        var json = _json;
        var key = call.Version;
        var sensitive = call.Endpoint.Logging.SensitiveColumns;
        json.WriteStartObject();
        json.WriteString("request_id"u8, call.RequestId);
        if (call.ClientId is not null)
        {
            json.WriteString("client_id"u8, call.ClientId);
        }

        json.WriteString("endpoint"u8, call.Endpoint.Name);
        json.WriteString("model"u8, key.Model);
        json.WriteNumber("version"u8, key.Version);
        json.WriteString("variant"u8, call.Variant);
        json.WriteString("role"u8, call.Role);
        json.WriteString("time"u8, call.Time);
        json.WriteNumber("rows"u8, call.Rows);
        WriteColumns(json, "inputs"u8, withInputs ? call.Inputs : [], sensitive);
        WriteColumns(json, "join_keys"u8, call.JoinKeys, sensitive);
        WriteColumns(json, "outputs"u8, call.Outputs, [], all: true);
        json.WriteNumber("latency_microseconds"u8, (long)call.Latency.TotalMicroseconds);
        if (call.OldestFeatureAgeSeconds is { } age)
        {
            json.WriteNumber("oldest_feature_age_seconds"u8, age);
        }

        json.WriteEndObject();
        json.Flush();
        return _buffer.WrittenSpan.ToArray();
    }

    private static void WriteColumns(Utf8JsonWriter json, ReadOnlySpan<byte> name, Tensor[] tensors, IReadOnlyList<string> sensitive, bool all = false)
    {
        json.WriteStartObject(name);
        foreach (var tensor in tensors)
        {
            if (!all && !tensor.IsPresent)
            {
                continue;
            }

            if (sensitive.Count > 0 && sensitive.Contains(tensor.Info.Name))
            {
                continue;
            }

            json.WriteStartObject(tensor.Info.JsonName);
            json.WriteString("datatype"u8, tensor.Info.Datatype.Name());
            json.WritePropertyName("shape"u8);
            JsonTensorWriter.WriteShape(json, tensor.Shape);
            json.WritePropertyName("data"u8);
            JsonTensorWriter.WriteData(json, tensor);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
