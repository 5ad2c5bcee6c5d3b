using System.Buffers;
using System.Buffers.Binary;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tensors;

/// <summary>
/// The protocol's raw form: little-endian elements, row-major; BYTES elements each behind a 4-byte length. The same for
/// the binary tensor data extension over HTTP and for <c>raw_*_contents</c> over gRPC.
/// </summary>
internal static class BinaryTensors
{
    /// <summary>Fills a tensor whose shape is set.</summary>
    public static void Read(Tensor tensor, ReadOnlySpan<byte> data)
    {
        if (tensor.Info.Datatype == Datatype.Bytes)
        {
            ReadBytes(tensor, data);
            return;
        }

        var raw = tensor.Raw;
        if (data.Length != raw.Length)
        {
            throw InferenceException.Invalid($"input '{tensor.Info.Name}': {tensor.Count} {tensor.Info.Datatype.Name()} elements take {raw.Length} bytes, found {data.Length}");
        }

        if (tensor.Info.Datatype == Datatype.Bool && data.ContainsAnyExcept((byte)0, (byte)1))
        {
            throw InferenceException.Invalid($"input '{tensor.Info.Name}': a BOOL byte must be 0 or 1");
        }

        data.CopyTo(raw);
    }

    /// <summary>How many elements a raw buffer can hold at most.</summary>
    public static long Capacity(Datatype datatype, int bytes) => datatype == Datatype.Bytes ? bytes / sizeof(uint) : bytes / datatype.Size();

    /// <summary>Bytes that <see cref="Write"/> will write.</summary>
    public static long Size(Tensor tensor)
    {
        if (tensor.Info.Datatype != Datatype.Bytes)
        {
            return tensor.Raw.Length;
        }

        long size = 0;
        for (var i = 0; i < tensor.Count; i++)
        {
            size += sizeof(uint) + tensor.GetBytes(i).Length;
        }

        return size;
    }

    public static void Write(Tensor tensor, IBufferWriter<byte> output)
    {
        if (tensor.Info.Datatype != Datatype.Bytes)
        {
            output.Write(tensor.Raw);
            return;
        }

        for (var i = 0; i < tensor.Count; i++)
        {
            var element = tensor.GetBytes(i);
            BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(sizeof(uint)), (uint)element.Length);
            output.Advance(sizeof(uint));
            output.Write(element);
        }
    }

    /// <summary>Writes into memory of exactly <see cref="Size"/> bytes.</summary>
    public static void CopyTo(Tensor tensor, Span<byte> output)
    {
        if (tensor.Info.Datatype != Datatype.Bytes)
        {
            tensor.Raw.CopyTo(output);
            return;
        }

        for (var i = 0; i < tensor.Count; i++)
        {
            var element = tensor.GetBytes(i);
            BinaryPrimitives.WriteUInt32LittleEndian(output, (uint)element.Length);
            element.CopyTo(output[sizeof(uint)..]);
            output = output[(sizeof(uint) + element.Length)..];
        }
    }

    private static void ReadBytes(Tensor tensor, ReadOnlySpan<byte> data)
    {
        var rest = data;
        for (var i = 0; i < tensor.Count; i++)
        {
            if (rest.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(rest) is var length && length > rest.Length - sizeof(uint))
            {
                throw InferenceException.Invalid($"input '{tensor.Info.Name}': BYTES element {i} of {tensor.Count} ends behind the {data.Length} bytes of data");
            }

            var size = (int)BinaryPrimitives.ReadUInt32LittleEndian(rest);
            tensor.SetBytes(i, rest.Slice(sizeof(uint), size));
            rest = rest[(sizeof(uint) + size)..];
        }

        if (!rest.IsEmpty)
        {
            throw InferenceException.Invalid($"input '{tensor.Info.Name}': {rest.Length} bytes behind the last of {tensor.Count} BYTES elements");
        }
    }
}
