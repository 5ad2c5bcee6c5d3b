using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tensors;

/// <summary>Single elements of numeric tensors whatever their width: for the paths that are not hot.</summary>
internal static class NumericTensors
{
    /// <summary>Stores a value of any numeric type, refusing what the datatype can't hold.</summary>
    public static void Set<T>(Tensor tensor, int index, T value)
        where T : struct, System.Numerics.INumber<T>
    {
        try
        {
            SetChecked(tensor, index, value);
        }
        catch (OverflowException error)
        {
            throw new InferenceException(FaultKind.InvalidArgument, $"input '{tensor.Info.Name}': data[{index}] = {value} is not in the range of {tensor.Info.Datatype.Name()}", error);
        }
    }

    public static double GetDouble(Tensor tensor, int index) => tensor.Info.Datatype switch
    {
        Datatype.Fp16 => (double)tensor.Values<Half>()[index],
        Datatype.Fp32 => tensor.Values<float>()[index],
        Datatype.Fp64 => tensor.Values<double>()[index],
        Datatype.Uint64 => tensor.Values<ulong>()[index],
        _ => GetInt64(tensor, index),
    };

    public static long GetInt64(Tensor tensor, int index) => tensor.Info.Datatype switch
    {
        Datatype.Bool or Datatype.Uint8 => tensor.Values<byte>()[index],
        Datatype.Uint16 => tensor.Values<ushort>()[index],
        Datatype.Uint32 => tensor.Values<uint>()[index],
        Datatype.Uint64 => checked((long)tensor.Values<ulong>()[index]),
        Datatype.Int8 => tensor.Values<sbyte>()[index],
        Datatype.Int16 => tensor.Values<short>()[index],
        Datatype.Int32 => tensor.Values<int>()[index],
        Datatype.Int64 => tensor.Values<long>()[index],
        _ => throw new ArgumentException($"'{tensor.Info.Name}' is {tensor.Info.Datatype.Name()}, not an integer", nameof(tensor)),
    };

    private static void SetChecked<T>(Tensor tensor, int index, T value)
        where T : struct, System.Numerics.INumber<T>
    {
        switch (tensor.Info.Datatype)
        {
            case Datatype.Bool: tensor.Values<byte>()[index] = T.IsZero(value) ? (byte)0 : (byte)1; break;
            case Datatype.Uint8: tensor.Values<byte>()[index] = byte.CreateChecked(value); break;
            case Datatype.Uint16: tensor.Values<ushort>()[index] = ushort.CreateChecked(value); break;
            case Datatype.Uint32: tensor.Values<uint>()[index] = uint.CreateChecked(value); break;
            case Datatype.Uint64: tensor.Values<ulong>()[index] = ulong.CreateChecked(value); break;
            case Datatype.Int8: tensor.Values<sbyte>()[index] = sbyte.CreateChecked(value); break;
            case Datatype.Int16: tensor.Values<short>()[index] = short.CreateChecked(value); break;
            case Datatype.Int32: tensor.Values<int>()[index] = int.CreateChecked(value); break;
            case Datatype.Int64: tensor.Values<long>()[index] = long.CreateChecked(value); break;
            case Datatype.Fp16: tensor.Values<Half>()[index] = Half.CreateChecked(value); break;
            case Datatype.Fp32: tensor.Values<float>()[index] = float.CreateChecked(value); break;
            case Datatype.Fp64: tensor.Values<double>()[index] = double.CreateChecked(value); break;
            default: throw new ArgumentException($"'{tensor.Info.Name}' is {tensor.Info.Datatype.Name()}, not numeric", nameof(tensor));
        }
    }
}
