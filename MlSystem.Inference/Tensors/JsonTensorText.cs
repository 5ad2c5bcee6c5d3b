using System.Text;
using System.Text.Unicode;
using MlSystem.Inference.Protocols.Rest;

namespace MlSystem.Inference.Tensors;

/// <summary>Writes tensors as flat row-major JSON arrays. NaN and the infinities have no JSON form and become null.</summary>
internal static class JsonTensorText
{
    /// <summary>Writes <c>[…]</c>.</summary>
    public static void WriteData(AnswerBuffer text, Tensor tensor)
    {
        text.Byte('[');
        switch (tensor.Info.Datatype)
        {
            case Datatype.Bool: Write<byte>(text, tensor, static (t, v) => t.Raw(v != 0 ? "true"u8 : "false"u8)); break;
            case Datatype.Uint8: Write<byte>(text, tensor, static (t, v) => t.Number((long)v)); break;
            case Datatype.Uint16: Write<ushort>(text, tensor, static (t, v) => t.Number((long)v)); break;
            case Datatype.Uint32: Write<uint>(text, tensor, static (t, v) => t.Number((long)v)); break;
            case Datatype.Uint64: Write<ulong>(text, tensor, static (t, v) => t.Number(v)); break;
            case Datatype.Int8: Write<sbyte>(text, tensor, static (t, v) => t.Number((long)v)); break;
            case Datatype.Int16: Write<short>(text, tensor, static (t, v) => t.Number((long)v)); break;
            case Datatype.Int32: Write<int>(text, tensor, static (t, v) => t.Number((long)v)); break;
            case Datatype.Int64: Write<long>(text, tensor, static (t, v) => t.Number(v)); break;
            case Datatype.Fp16: Write<Half>(text, tensor, static (t, v) => t.Number((float)v)); break;
            case Datatype.Fp32: Write<float>(text, tensor, static (t, v) => t.Number(v)); break;
            case Datatype.Fp64: Write<double>(text, tensor, static (t, v) => t.Number(v)); break;
            case Datatype.Bytes: WriteStrings(text, tensor); break;
        }

        Close(text, tensor.Count);
    }

    /// <summary>Writes the dimensions as <c>[…]</c>.</summary>
    public static void WriteShape(AnswerBuffer text, ReadOnlySpan<long> shape)
    {
        text.Byte('[');
        foreach (var dimension in shape)
        {
            text.Number(dimension);
            text.Byte(',');
        }

        Close(text, shape.Length);
    }

    private static void Write<T>(AnswerBuffer text, Tensor tensor, Action<AnswerBuffer, T> write)
        where T : unmanaged
    {
        foreach (var value in tensor.Values<T>())
        {
            write(text, value);
            text.Byte(',');
        }
    }

    private static void WriteStrings(AnswerBuffer text, Tensor tensor)
    {
        for (var i = 0; i < tensor.Count; i++)
        {
            var element = tensor.GetBytes(i);
            if (Utf8.IsValid(element))
            {
                text.Text(element);
            }
            else
            {
                // JSON can't carry arbitrary bytes: the binary extension and gRPC do, here the replacement character stands for them.
                text.Text(Encoding.UTF8.GetString(element));
            }

            text.Byte(',');
        }
    }

    private static void Close(AnswerBuffer text, int count)
    {
        if (count > 0)
        {
            text.ReplaceLast(']');
        }
        else
        {
            text.Byte(']');
        }
    }
}
