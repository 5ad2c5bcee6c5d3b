using System.Buffers;
using System.Text.Json;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tensors;

/// <summary>Reads a JSON array, flat or nested as the shape says, row-major, straight into a tensor's memory.</summary>
internal static class JsonTensorReader
{
    /// <summary>Reads the array that begins at the reader's current token.</summary>
    /// <param name="shape">The shape as the request gave it, for checking nested arrays.</param>
    public static void Read(ref Utf8JsonReader json, Tensor tensor, scoped ReadOnlySpan<long> shape)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            throw InferenceException.Invalid($"input '{tensor.Info.Name}': data must be an array");
        }

        switch (tensor.Info.Datatype)
        {
            case Datatype.Bool: ReadBooleans(ref json, tensor, shape); break;
            case Datatype.Uint8: ReadNumbers<byte, JsonUint8>(ref json, tensor, shape); break;
            case Datatype.Uint16: ReadNumbers<ushort, JsonUint16>(ref json, tensor, shape); break;
            case Datatype.Uint32: ReadNumbers<uint, JsonUint32>(ref json, tensor, shape); break;
            case Datatype.Uint64: ReadNumbers<ulong, JsonUint64>(ref json, tensor, shape); break;
            case Datatype.Int8: ReadNumbers<sbyte, JsonInt8>(ref json, tensor, shape); break;
            case Datatype.Int16: ReadNumbers<short, JsonInt16>(ref json, tensor, shape); break;
            case Datatype.Int32: ReadNumbers<int, JsonInt32>(ref json, tensor, shape); break;
            case Datatype.Int64: ReadNumbers<long, JsonInt64>(ref json, tensor, shape); break;
            case Datatype.Fp16: ReadNumbers<Half, JsonFp16>(ref json, tensor, shape); break;
            case Datatype.Fp32: ReadNumbers<float, JsonFp32>(ref json, tensor, shape); break;
            case Datatype.Fp64: ReadNumbers<double, JsonFp64>(ref json, tensor, shape); break;
            case Datatype.Bytes: ReadStrings(ref json, tensor, shape); break;
        }
    }

    private static void ReadNumbers<T, TElement>(ref Utf8JsonReader json, Tensor tensor, scoped ReadOnlySpan<long> shape)
        where T : unmanaged
        where TElement : IJsonElement<T>
    {
        var values = tensor.Values<T>();
        var nesting = new JsonNesting(tensor.Info.Name, shape);
        var count = 0;
        while (nesting.MoveToElement(ref json))
        {
            T value;
            if (json.TokenType == JsonTokenType.Number)
            {
                if (!TElement.TryRead(ref json, out value))
                {
                    throw NotANumber(ref json, tensor.Info, count);
                }
            }
            else
            {
                value = json.TokenType == JsonTokenType.Null ? Missing<T, TElement>(tensor.Info, count) : throw WrongType(ref json, tensor.Info, count);
            }

            if ((uint)count < (uint)values.Length)
            {
                values[count] = value;
            }

            count++;
        }

        CheckCount(tensor, shape, count);
    }

    private static void ReadBooleans(ref Utf8JsonReader json, Tensor tensor, scoped ReadOnlySpan<long> shape)
    {
        var values = tensor.Values<byte>();
        var nesting = new JsonNesting(tensor.Info.Name, shape);
        var count = 0;
        while (nesting.MoveToElement(ref json))
        {
            if (json.TokenType is not (JsonTokenType.True or JsonTokenType.False))
            {
                throw WrongType(ref json, tensor.Info, count);
            }

            if (count < values.Length)
            {
                values[count] = json.TokenType == JsonTokenType.True ? (byte)1 : (byte)0;
            }

            count++;
        }

        CheckCount(tensor, shape, count);
    }

    private static void ReadStrings(ref Utf8JsonReader json, Tensor tensor, scoped ReadOnlySpan<long> shape)
    {
        var nesting = new JsonNesting(tensor.Info.Name, shape);
        var count = 0;
        while (nesting.MoveToElement(ref json))
        {
            if (count < tensor.Count)
            {
                SetString(ref json, tensor, count);
            }

            count++;
        }

        CheckCount(tensor, shape, count);
    }

    private static void SetString(ref Utf8JsonReader json, Tensor tensor, int index)
    {
        if (json.TokenType == JsonTokenType.Null)
        {
            CheckNullable(tensor.Info, index);
            tensor.SetBytes(index, []);
        }
        else if (json.TokenType != JsonTokenType.String)
        {
            throw WrongType(ref json, tensor.Info, index);
        }
        else if (!json.ValueIsEscaped)
        {
            tensor.SetBytes(index, json.ValueSpan);
        }
        else
        {
            var buffer = ArrayPool<byte>.Shared.Rent(json.ValueSpan.Length);
            try
            {
                tensor.SetBytes(index, buffer.AsSpan(0, json.CopyString(buffer)));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private static T Missing<T, TElement>(TensorInfo info, int index)
        where T : unmanaged
        where TElement : IJsonElement<T>
    {
        CheckNullable(info, index);
        return TElement.Missing;
    }

    private static void CheckNullable(TensorInfo info, int index)
    {
        if (!info.Datatype.CanBeMissing())
        {
            throw InferenceException.Invalid($"input '{info.Name}': data[{index}] is null, and {info.Datatype.Name()} has no missing value");
        }

        if (!info.Nullable)
        {
            throw InferenceException.Invalid($"input '{info.Name}': data[{index}] is null, and this input must have a value");
        }
    }

    private static void CheckCount(Tensor tensor, scoped ReadOnlySpan<long> shape, int count)
    {
        if (count != tensor.Count)
        {
            throw InferenceException.Invalid($"input '{tensor.Info.Name}': shape {TensorShape.Text(shape)} names {tensor.Count} elements, data has {count}");
        }
    }

    private static InferenceException NotANumber(ref Utf8JsonReader json, TensorInfo info, int index) =>
        InferenceException.Invalid($"input '{info.Name}': data[{index}] = {Shortened(json.ValueSpan)} is not in the range of {info.Datatype.Name()}");

    private static InferenceException WrongType(ref Utf8JsonReader json, TensorInfo info, int index)
    {
        var wanted = info.Datatype switch { Datatype.Bytes => "a string", Datatype.Bool => "true or false", _ => "a number" };
        var hint = json.TokenType == JsonTokenType.String && info.Datatype is Datatype.Fp16 or Datatype.Fp32 or Datatype.Fp64
            ? "; NaN and Infinity are not accepted, send null for a missing value" : "";
        return InferenceException.Invalid($"input '{info.Name}': data[{index}] must be {wanted} for {info.Datatype.Name()}, found {Token(json.TokenType)}{hint}");
    }

    private static string Token(JsonTokenType type) => type switch
    {
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        JsonTokenType.Null => "null",
        _ => "an object",
    };

    private static string Shortened(ReadOnlySpan<byte> text) =>
        System.Text.Encoding.ASCII.GetString(text[..Math.Min(text.Length, 40)]) + (text.Length > 40 ? "…" : "");
}
