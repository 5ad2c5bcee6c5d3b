using System.Numerics;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>Reads the <c>data</c> of an input in the usual form: flat, or a matrix nested by rows.</summary>
internal static class PlainJsonData
{
    /// <param name="shape">As the request gave it.</param>
    /// <returns>False when it has another form or anything is wrong; the tensor's elements are then undefined.</returns>
    public static bool TryRead(ref JsonText json, Tensor tensor, scoped ReadOnlySpan<long> shape)
    {
        if (!json.Take('['))
        {
            return false;
        }

        if (json.Peek() != '[')
        {
            return TryElements(ref json, tensor, 0, tensor.Count) && json.Take(']');
        }

        if (shape.Length != 2)
        {
            return false;
        }

        var columns = (int)shape[1];
        for (var row = 0; row < shape[0]; row++)
        {
            if ((row > 0 && !json.Take(',')) || !json.Take('[') || !TryElements(ref json, tensor, row * columns, columns) || !json.Take(']'))
            {
                return false;
            }
        }

        return json.Take(']');
    }

    private static bool TryElements(ref JsonText json, Tensor tensor, int from, int count) => tensor.Info.Datatype switch
    {
        Datatype.Fp32 => TrySingles(ref json, tensor.Values<float>().Slice(from, count), tensor.Info.Nullable),
        Datatype.Fp64 => TryDoubles(ref json, tensor.Values<double>().Slice(from, count), tensor.Info.Nullable),
        Datatype.Int64 => TryWholes(ref json, tensor.Values<long>().Slice(from, count)),
        Datatype.Int32 => TryWholes(ref json, tensor.Values<int>().Slice(from, count)),
        Datatype.Int16 => TryWholes(ref json, tensor.Values<short>().Slice(from, count)),
        Datatype.Int8 => TryWholes(ref json, tensor.Values<sbyte>().Slice(from, count)),
        Datatype.Uint64 => TryWholes(ref json, tensor.Values<ulong>().Slice(from, count)),
        Datatype.Uint32 => TryWholes(ref json, tensor.Values<uint>().Slice(from, count)),
        Datatype.Uint16 => TryWholes(ref json, tensor.Values<ushort>().Slice(from, count)),
        Datatype.Uint8 => TryWholes(ref json, tensor.Values<byte>().Slice(from, count)),
        Datatype.Bool => TryBooleans(ref json, tensor.Values<byte>().Slice(from, count)),
        Datatype.Bytes => TryStrings(ref json, tensor, from, count),
        _ => false,
    };

    private static bool TrySingles(ref JsonText json, Span<float> values, bool nullable)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var first = Begin(ref json, i);
            if (first > 0 && PlainNumber.TrySingle(json.Rest, out values[i], out var length))
            {
                json.Skip(length);
            }
            else if (first == 'n' && nullable && json.Take("null"u8))
            {
                values[i] = float.NaN;
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryDoubles(ref JsonText json, Span<double> values, bool nullable)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var first = Begin(ref json, i);
            if (first > 0 && PlainNumber.TryDouble(json.Rest, out values[i], out var length))
            {
                json.Skip(length);
            }
            else if (first == 'n' && nullable && json.Take("null"u8))
            {
                values[i] = double.NaN;
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryWholes<T>(ref JsonText json, Span<T> values)
        where T : IBinaryInteger<T>
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (Begin(ref json, i) <= 0 || !PlainNumber.TryWhole(json.Rest, out var value, out var length))
            {
                return false;
            }

            values[i] = T.CreateTruncating(value);
            if (long.CreateTruncating(values[i]) != value)
            {
                return false;
            }

            json.Skip(length);
        }

        return true;
    }

    private static bool TryBooleans(ref JsonText json, Span<byte> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var isTrue = Begin(ref json, i) == 't';
            if (!json.Take(isTrue ? "true"u8 : "false"u8))
            {
                return false;
            }

            values[i] = isTrue ? (byte)1 : (byte)0;
        }

        return true;
    }

    private static bool TryStrings(ref JsonText json, Tensor tensor, int from, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (Begin(ref json, i) <= 0 || !json.TryString(out var content))
            {
                return false;
            }

            tensor.SetBytes(from + i, content);
        }

        return true;
    }

    /// <summary>The first byte of the <paramref name="index"/>th element; -1 where there is none.</summary>
    private static int Begin(ref JsonText json, int index) => index > 0 && !json.Take(',') ? -1 : json.Peek();
}
