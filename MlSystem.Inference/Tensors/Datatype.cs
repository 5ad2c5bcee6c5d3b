using Microsoft.ML.OnnxRuntime.Tensors;

namespace MlSystem.Inference.Tensors;

/// <summary>Datatypes of the Open Inference Protocol.</summary>
public enum Datatype : byte
{
    Bool,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Fp32,
    Fp64,

    /// <summary>Byte strings of any length.</summary>
    Bytes,
}

/// <summary>Names, sizes and ONNX counterparts of <see cref="Datatype"/>.</summary>
public static class Datatypes
{
    private static readonly string[] Names =
        ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"];

    private static readonly int[] Sizes = [1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 0];

    private static readonly TensorElementType[] ElementTypes =
    [
        TensorElementType.Bool, TensorElementType.UInt8, TensorElementType.UInt16, TensorElementType.UInt32, TensorElementType.UInt64,
        TensorElementType.Int8, TensorElementType.Int16, TensorElementType.Int32, TensorElementType.Int64,
        TensorElementType.Float16, TensorElementType.Float, TensorElementType.Double, TensorElementType.String,
    ];

    /// <summary>Every name, in the protocol's order.</summary>
    public static IReadOnlyList<string> All => Names;

    /// <summary>The protocol's name, such as <c>FP32</c>.</summary>
    public static string Name(this Datatype datatype) => Names[(int)datatype];

    /// <summary>Bytes of one element; 0 for <see cref="Datatype.Bytes"/>, whose elements vary.</summary>
    public static int Size(this Datatype datatype) => Sizes[(int)datatype];

    /// <summary>Whether a missing value has a representation: NaN, or the empty string.</summary>
    public static bool CanBeMissing(this Datatype datatype) => datatype is Datatype.Fp16 or Datatype.Fp32 or Datatype.Fp64 or Datatype.Bytes;

    public static TensorElementType ElementType(this Datatype datatype) => ElementTypes[(int)datatype];

    public static bool TryParse(string name, out Datatype datatype)
    {
        var index = Array.IndexOf(Names, name);
        datatype = (Datatype)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>False for element types that the protocol has no name for (such as bfloat16).</summary>
    public static bool TryFrom(TensorElementType type, out Datatype datatype)
    {
        var index = Array.IndexOf(ElementTypes, type);
        datatype = (Datatype)Math.Max(index, 0);
        return index >= 0;
    }
}
