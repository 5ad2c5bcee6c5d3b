using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Grpc.First;

/// <summary>Writes the gRPC frame of a <c>ModelInferResponse</c> with raw outputs, the same message as <see cref="GrpcResponseWriter"/>'s, without building it.</summary>
internal static class PlainResponse
{
    private const int FrameHeader = 5;

    /// <summary>The parameter <c>request_id</c> up to its 36 characters: field 4, a map entry of key and string_param.</summary>
    private static ReadOnlySpan<byte> RequestIdHead => "\x22\x34\x0A\x0Arequest_id\x12\x26\x1A\x24"u8;

    public static void Write(InferenceCall call, IBufferWriter<byte> output)
    {
        if (HasFindings(call))
        {
            WriteMessage(GrpcResponseWriter.Write(call, raw: true), output);
            return;
        }

        var size = Size(call);
        var frame = output.GetSpan(FrameHeader + size)[..(FrameHeader + size)];
        BeginFrame(frame, size);
        var writer = new ProtoWriter(frame[FrameHeader..]);
        writer.Raw(call.Variant.GrpcHead);
        if (call.ClientId is { } id)
        {
            writer.Text(3, id);
        }

        writer.Raw(RequestIdHead);
        writer.Ascii(call.RequestId);
        foreach (var tensor in call.Tensors.Outputs)
        {
            writer.Length(5, OutputSize(tensor, out var shape));
            writer.Raw(tensor.Info.GrpcHead);
            writer.Length(3, shape);
            foreach (var dimension in tensor.Shape)
            {
                writer.Varint((ulong)dimension);
            }
        }

        foreach (var tensor in call.Tensors.Outputs)
        {
            var length = (int)BinaryTensors.Size(tensor);
            writer.Length(6, length);
            BinaryTensors.CopyTo(tensor, writer.Take(length));
        }

        output.Advance(FrameHeader + size);
    }

    /// <summary>Whether the answer has parameters that few answers have.</summary>
    private static bool HasFindings(InferenceCall call) =>
        call.OldestFeatureAgeSeconds is not null || call.FeaturesMissing > 0 || call.FeaturesDefaulted.Count > 0 || call.FromCache || call.EntitiesNotFound > 0
        || call.Tensors.MembersDropped is { Count: > 0 };

    private static int Size(InferenceCall call)
    {
        var size = call.Variant.GrpcHead.Length + RequestIdHead.Length + call.RequestId.Length;
        if (call.ClientId is { } id)
        {
            size += ProtoWriter.FieldSize(Encoding.UTF8.GetByteCount(id));
        }

        foreach (var tensor in call.Tensors.Outputs)
        {
            size += ProtoWriter.FieldSize(OutputSize(tensor, out _)) + ProtoWriter.FieldSize(checked((int)BinaryTensors.Size(tensor)));
        }

        return size;
    }

    private static int OutputSize(Tensor tensor, out int shape)
    {
        shape = 0;
        foreach (var dimension in tensor.Shape)
        {
            shape += ProtoWriter.VarintSize((ulong)dimension);
        }

        return tensor.Info.GrpcHead.Length + ProtoWriter.FieldSize(shape);
    }

    private static void WriteMessage(ModelInferResponse message, IBufferWriter<byte> output)
    {
        var size = message.CalculateSize();
        var frame = output.GetSpan(FrameHeader + size)[..(FrameHeader + size)];
        BeginFrame(frame, size);
        message.WriteTo(frame[FrameHeader..]);
        output.Advance(FrameHeader + size);
    }

    /// <summary>Not compressed, and the message's length.</summary>
    private static void BeginFrame(Span<byte> frame, int size)
    {
        frame[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(frame[1..], size);
    }
}
