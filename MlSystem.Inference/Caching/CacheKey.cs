using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Caching;

/// <summary>
/// What an answer depends on, as SHA-256: the version, which outputs are asked for, and every input's shape and bytes, looked-up values
/// among them. Two different requests with one key would be a collision of SHA-256, so nothing else is compared.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CacheKey(UInt128 High, UInt128 Low)
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    /// <summary>The key of a call whose inputs are all there.</summary>
    public static CacheKey Of(InferenceCall call)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(1024);
        try
        {
            var key = call.Variant.Version.Key;
            Text(buffer, Encoding.UTF8.GetBytes(key.Model));
            Number(buffer, key.Version);
            Number(buffer, call.OutputCount);
            for (var i = 0; i < call.OutputCount; i++)
            {
                Number(buffer, call.Output(i).Index);
            }

            foreach (var input in call.Tensors.Inputs)
            {
                Input(buffer, input);
            }

            Span<UInt128> hash = stackalloc UInt128[2];
            SHA256.HashData(buffer.WrittenSpan, MemoryMarshal.AsBytes(hash));
            return new CacheKey(hash[0], hash[1]);
        }
        finally
        {
            Reuse(buffer);
        }
    }

    private static void Input(ArrayBufferWriter<byte> buffer, Tensor input)
    {
        Number(buffer, input.Shape.Length);
        foreach (var dimension in input.Shape)
        {
            Number(buffer, dimension);
        }

        if (input.Info.Datatype != Datatype.Bytes)
        {
            buffer.Write(input.Raw);
            return;
        }

        for (var i = 0; i < input.Count; i++)
        {
            Text(buffer, input.GetBytes(i));
        }
    }

    // With its length before it, so that "ab" and "c" differ from "a" and "bc".
    private static void Text(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> text)
    {
        Number(buffer, text.Length);
        buffer.Write(text);
    }

    private static void Number(ArrayBufferWriter<byte> buffer, long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(buffer.GetSpan(sizeof(long)), number);
        buffer.Advance(sizeof(long));
    }

    /// <summary>One large request must not keep its memory on the thread for ever.</summary>
    private static void Reuse(ArrayBufferWriter<byte> buffer)
    {
        const int Kept = 1 << 16;
        if (buffer.Capacity > Kept)
        {
            _buffer = null;
        }
        else
        {
            buffer.ResetWrittenCount();
        }
    }
}
