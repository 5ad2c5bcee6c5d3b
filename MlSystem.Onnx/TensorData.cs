using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>Constant tensors to and from their stored form.</summary>
internal static class TensorData
{
    public static TensorProto Create<T>(ReadOnlySpan<T> data, IReadOnlyList<long> dims)
        where T : unmanaged
    {
        var tensor = Empty(TypeOf<T>(), dims);
        tensor.RawData = ByteString.CopyFrom(LittleEndian(data));
        return tensor;
    }

    public static TensorProto Create(IReadOnlyList<string> data, IReadOnlyList<long> dims)
    {
        var tensor = Empty(ElementType.String, dims);
        tensor.StringData.AddRange(data.Select(ByteString.CopyFromUtf8));
        return tensor;
    }

    public static ElementType TypeOf<T>()
        where T : unmanaged => Type.GetTypeCode(typeof(T)) switch
        {
            TypeCode.Single => ElementType.Float,
            TypeCode.Double => ElementType.Double,
            TypeCode.Int64 => ElementType.Int64,
            TypeCode.Int32 => ElementType.Int32,
            TypeCode.Boolean => ElementType.Bool,
            _ => throw new ArgumentException($"Constants of {typeof(T).Name} are not supported; float, double, long, int, bool and string are."),
        };

    /// <summary>Float or double elements as doubles, from either storage.</summary>
    public static double[] ReadDoubles(TensorProto tensor)
    {
        var raw = tensor.RawData.Span;
        switch ((ElementType)tensor.DataType)
        {
            case ElementType.Double when raw.Length > 0:
                var doubles = new double[raw.Length / sizeof(double)];
                for (var i = 0; i < doubles.Length; i++)
                {
                    doubles[i] = BinaryPrimitives.ReadDoubleLittleEndian(raw[(i * sizeof(double))..]);
                }

                return doubles;
            case ElementType.Double:
                return [.. tensor.DoubleData];
            case ElementType.Float when raw.Length > 0:
                var floats = new double[raw.Length / sizeof(float)];
                for (var i = 0; i < floats.Length; i++)
                {
                    floats[i] = BinaryPrimitives.ReadSingleLittleEndian(raw[(i * sizeof(float))..]);
                }

                return floats;
            case ElementType.Float:
                return [.. tensor.FloatData.Select(v => (double)v)];
            default:
                throw new OnnxGraphException($"Tensor '{tensor.Name}' has element type {(ElementType)tensor.DataType}, expected Float or Double.");
        }
    }

    /// <summary>Int64 or Int32 elements, from either storage.</summary>
    public static long[] ReadLongs(TensorProto tensor)
    {
        var raw = tensor.RawData.Span;
        switch ((ElementType)tensor.DataType)
        {
            case ElementType.Int64 when raw.Length > 0:
                var longs = new long[raw.Length / sizeof(long)];
                for (var i = 0; i < longs.Length; i++)
                {
                    longs[i] = BinaryPrimitives.ReadInt64LittleEndian(raw[(i * sizeof(long))..]);
                }

                return longs;
            case ElementType.Int64:
                return [.. tensor.Int64Data];
            case ElementType.Int32 when raw.Length > 0:
                var ints = new long[raw.Length / sizeof(int)];
                for (var i = 0; i < ints.Length; i++)
                {
                    ints[i] = BinaryPrimitives.ReadInt32LittleEndian(raw[(i * sizeof(int))..]);
                }

                return ints;
            case ElementType.Int32:
                return [.. tensor.Int32Data.Select(v => (long)v)];
            default:
                throw new OnnxGraphException($"Tensor '{tensor.Name}' has element type {(ElementType)tensor.DataType}, expected Int64 or Int32.");
        }
    }

    private static TensorProto Empty(ElementType type, IReadOnlyList<long> dims)
    {
        var tensor = new TensorProto { DataType = (int)type };
        tensor.Dims.AddRange(dims);
        return tensor;
    }

    private static ReadOnlySpan<byte> LittleEndian<T>(ReadOnlySpan<T> data)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(data);
        if (BitConverter.IsLittleEndian)
        {
            return bytes;
        }

        var copy = bytes.ToArray();
        var width = bytes.Length / Math.Max(1, data.Length);
        for (var start = 0; start < copy.Length; start += width)
        {
            copy.AsSpan(start, width).Reverse();
        }

        return copy;
    }
}
