using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.ObjectPool;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>
/// Writes an answer into a buffer of its own, so that its length is known before the header goes out: chunked encoding
/// costs clients and server more than copying a few hundred bytes.
/// </summary>
internal sealed class InferResponseWriter : IDisposable
{
    private const int MaxKeptBytes = 1 << 20;
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _json;

    public InferResponseWriter() => _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });

    /// <summary>Writers for reuse.</summary>
    public static ObjectPool<InferResponseWriter> Pool { get; } = new DefaultObjectPoolProvider { MaximumRetained = 256 }.Create(new Policy());

    /// <summary>The answer.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    /// <summary>Length of the JSON part where binary data follows it, else null.</summary>
    public int? JsonLength { get; private set; }

    public void Write(InferenceCall call)
    {
        _json.WriteStartObject();
        _json.WriteString("model_name"u8, call.Route.Name);
        _json.WriteString("model_version"u8, call.Variant.Version.VersionText);
        if (call.ClientId is not null)
        {
            _json.WriteString("id"u8, call.ClientId);
        }

        _json.WriteStartObject("parameters"u8);
        _json.WriteString("request_id"u8, call.RequestId);
        _json.WriteString("variant"u8, call.Variant.Name);
        if (call.OldestFeatureAgeSeconds is { } age)
        {
            _json.WriteNumber("oldest_feature_age_seconds"u8, age);
        }

        if (call.FeaturesMissing > 0)
        {
            _json.WriteNumber("features_missing"u8, call.FeaturesMissing);
        }

        if (call.FeaturesDefaulted.Count > 0)
        {
            _json.WriteString("features_defaulted"u8, string.Join(',', call.FeaturesDefaulted));
        }

        if (call.FromCache)
        {
            _json.WriteString("cache"u8, "hit"u8);
        }

        if (call.EntitiesNotFound > 0)
        {
            _json.WriteNumber("entities_not_found"u8, call.EntitiesNotFound);
        }

        if (call.Tensors.MembersDropped is { Count: > 0 } dropped)
        {
            _json.WriteString("members_dropped"u8, string.Join(',', dropped));
        }

        _json.WriteEndObject();
        _json.WriteStartArray("outputs"u8);
        var binary = false;
        for (var i = 0; i < call.OutputCount; i++)
        {
            var output = call.Output(i);
            binary |= output.Binary;
            WriteOutput(call.Tensors.Outputs[output.Index], output.Binary);
        }

        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Flush();
        if (binary)
        {
            AppendBinary(call);
        }
    }

    public void Dispose() => _json.Dispose();

    private void WriteOutput(Tensor output, bool binary)
    {
        _json.WriteStartObject();
        _json.WriteString("name"u8, output.Info.JsonName);
        _json.WriteString("datatype"u8, output.Info.JsonDatatype);
        _json.WritePropertyName("shape"u8);
        JsonTensorWriter.WriteShape(_json, output.Shape);
        if (binary)
        {
            _json.WriteStartObject("parameters"u8);
            _json.WriteNumber("binary_data_size"u8, BinaryTensors.Size(output));
            _json.WriteEndObject();
        }
        else
        {
            _json.WritePropertyName("data"u8);
            JsonTensorWriter.WriteData(_json, output);
        }

        _json.WriteEndObject();
    }

    private void AppendBinary(InferenceCall call)
    {
        JsonLength = _buffer.WrittenCount;
        for (var i = 0; i < call.OutputCount; i++)
        {
            if (call.Output(i) is { Binary: true, Index: var index })
            {
                BinaryTensors.Write(call.Tensors.Outputs[index], _buffer);
            }
        }
    }

    private sealed class Policy : PooledObjectPolicy<InferResponseWriter>
    {
        public override InferResponseWriter Create() => new();

        public override bool Return(InferResponseWriter writer)
        {
            writer._buffer.ResetWrittenCount();
            writer._json.Reset();
            writer.JsonLength = null;
            return writer._buffer.Capacity <= MaxKeptBytes;
        }
    }
}
