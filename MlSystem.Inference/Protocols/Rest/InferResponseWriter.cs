using Microsoft.Extensions.ObjectPool;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>
/// Writes an answer into a buffer of its own, so that its length is known before the header goes out: chunked encoding
/// costs clients and server more than copying a few hundred bytes. What is the same in every answer of a variant is made once.
/// </summary>
internal sealed class InferResponseWriter
{
    private const int MaxKeptBytes = 1 << 20;
    private readonly AnswerBuffer _text = new();

    /// <summary>Writers for reuse.</summary>
    public static ObjectPool<InferResponseWriter> Pool { get; } = new DefaultObjectPoolProvider { MaximumRetained = 256 }.Create(new Policy());

    /// <summary>The answer.</summary>
    public ReadOnlyMemory<byte> Written => _text.Written;

    /// <summary>Length of the JSON part where binary data follows it, else null.</summary>
    public int? JsonLength { get; private set; }

    public void Write(InferenceCall call)
    {
        _text.Raw(call.Variant.JsonHead);
        if (call.ClientId is { } id)
        {
            _text.Raw(",\"id\":"u8);
            _text.Text(id);
        }

        _text.Raw(",\"parameters\":{\"request_id\":\""u8);
        System.Text.Encoding.ASCII.GetBytes(call.RequestId, _text.GetSpan(call.RequestId.Length));
        _text.Advance(call.RequestId.Length);
        _text.Raw(call.Variant.JsonVariant);
        WriteFindings(call);
        _text.Raw("},\"outputs\":["u8);
        var binary = false;
        for (var i = 0; i < call.OutputCount; i++)
        {
            var output = call.Output(i);
            binary |= output.Binary;
            WriteOutput(call.Tensors.Outputs[output.Index], output.Binary, last: i == call.OutputCount - 1);
        }

        _text.Raw("]}"u8);
        if (binary)
        {
            AppendBinary(call);
        }
    }

    private void WriteFindings(InferenceCall call)
    {
        if (call.OldestFeatureAgeSeconds is { } age)
        {
            _text.Raw(",\"oldest_feature_age_seconds\":"u8);
            _text.Number(age);
        }

        if (call.FeaturesMissing > 0)
        {
            _text.Raw(",\"features_missing\":"u8);
            _text.Number((long)call.FeaturesMissing);
        }

        if (call.FeaturesDefaulted.Count > 0)
        {
            _text.Raw(",\"features_defaulted\":"u8);
            _text.Text(string.Join(',', call.FeaturesDefaulted));
        }

        if (call.FromCache)
        {
            _text.Raw(",\"cache\":\"hit\""u8);
        }

        if (call.EntitiesNotFound > 0)
        {
            _text.Raw(",\"entities_not_found\":"u8);
            _text.Number((long)call.EntitiesNotFound);
        }

        if (call.Tensors.MembersDropped is { Count: > 0 } dropped)
        {
            _text.Raw(",\"members_dropped\":"u8);
            _text.Text(string.Join(',', dropped));
        }
    }

    private void WriteOutput(Tensor output, bool binary, bool last)
    {
        _text.Raw(output.Info.JsonHead);
        JsonTensorText.WriteShape(_text, output.Shape);
        if (binary)
        {
            _text.Raw(",\"parameters\":{\"binary_data_size\":"u8);
            _text.Number(BinaryTensors.Size(output));
            _text.Byte('}');
        }
        else
        {
            _text.Raw(",\"data\":"u8);
            JsonTensorText.WriteData(_text, output);
        }

        _text.Raw(last ? "}"u8 : "},"u8);
    }

    private void AppendBinary(InferenceCall call)
    {
        JsonLength = _text.Length;
        for (var i = 0; i < call.OutputCount; i++)
        {
            if (call.Output(i) is { Binary: true, Index: var index })
            {
                BinaryTensors.Write(call.Tensors.Outputs[index], _text);
            }
        }
    }

    private sealed class Policy : PooledObjectPolicy<InferResponseWriter>
    {
        public override InferResponseWriter Create() => new();

        public override bool Return(InferResponseWriter writer)
        {
            writer._text.Clear();
            writer.JsonLength = null;
            return writer._text.Capacity <= MaxKeptBytes;
        }
    }
}
