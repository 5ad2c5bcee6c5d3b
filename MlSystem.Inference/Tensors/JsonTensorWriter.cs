using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace MlSystem.Inference.Tensors;

/// <summary>Writes tensors as flat row-major JSON arrays. NaN and the infinities have no JSON form and become null.</summary>
internal static class JsonTensorWriter
{
    /// <summary>Writes <c>[…]</c> at the writer's position.</summary>
    public static void WriteData(Utf8JsonWriter json, Tensor tensor)
    {
        json.WriteStartArray();
        switch (tensor.Info.Datatype)
        {
            case Datatype.Bool: Write<byte>(json, tensor, static (j, v) => j.WriteBooleanValue(v != 0)); break;
            case Datatype.Uint8: Write<byte>(json, tensor, static (j, v) => j.WriteNumberValue((uint)v)); break;
            case Datatype.Uint16: Write<ushort>(json, tensor, static (j, v) => j.WriteNumberValue((uint)v)); break;
            case Datatype.Uint32: Write<uint>(json, tensor, static (j, v) => j.WriteNumberValue(v)); break;
            case Datatype.Uint64: Write<ulong>(json, tensor, static (j, v) => j.WriteNumberValue(v)); break;
            case Datatype.Int8: Write<sbyte>(json, tensor, static (j, v) => j.WriteNumberValue((int)v)); break;
            case Datatype.Int16: Write<short>(json, tensor, static (j, v) => j.WriteNumberValue((int)v)); break;
            case Datatype.Int32: Write<int>(json, tensor, static (j, v) => j.WriteNumberValue(v)); break;
            case Datatype.Int64: Write<long>(json, tensor, static (j, v) => j.WriteNumberValue(v)); break;
            case Datatype.Fp16: Write<Half>(json, tensor, static (j, v) => WriteFloat(j, (float)v)); break;
            case Datatype.Fp32: Write<float>(json, tensor, WriteFloat); break;
            case Datatype.Fp64: Write<double>(json, tensor, WriteDouble); break;
            case Datatype.Bytes: WriteStrings(json, tensor); break;
        }

        json.WriteEndArray();
    }

    /// <summary>Writes the dimensions as <c>[…]</c>.</summary>
    public static void WriteShape(Utf8JsonWriter json, ReadOnlySpan<long> shape)
    {
        json.WriteStartArray();
        foreach (var dimension in shape)
        {
            json.WriteNumberValue(dimension);
        }

        json.WriteEndArray();
    }

    private static void Write<T>(Utf8JsonWriter json, Tensor tensor, Action<Utf8JsonWriter, T> write)
        where T : unmanaged
    {
        foreach (var value in tensor.Values<T>())
        {
            write(json, value);
        }
    }

    private static void WriteFloat(Utf8JsonWriter json, float value)
    {
        if (float.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private static void WriteDouble(Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private static void WriteStrings(Utf8JsonWriter json, Tensor tensor)
    {
        for (var i = 0; i < tensor.Count; i++)
        {
            var element = tensor.GetBytes(i);
            if (Utf8.IsValid(element))
            {
                json.WriteStringValue(element);
            }
            else
            {
                // JSON can't carry arbitrary bytes: the binary extension and gRPC do, here the replacement character stands for them.
                json.WriteStringValue(Encoding.UTF8.GetString(element));
            }
        }
    }
}
