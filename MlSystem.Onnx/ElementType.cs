namespace MlSystem.Onnx;

/// <summary>Element types of tensors; the values are those of ONNX's <c>TensorProto.DataType</c>.</summary>
public enum ElementType
{
    Undefined = 0,
    Float = 1,
    UInt8 = 2,
    Int8 = 3,
    UInt16 = 4,
    Int16 = 5,
    Int32 = 6,
    Int64 = 7,
    String = 8,
    Bool = 9,
    Float16 = 10,
    Double = 11,
    UInt32 = 12,
    UInt64 = 13,
    BFloat16 = 16,
}

/// <summary>Names of element types in other vocabularies.</summary>
public static class ElementTypes
{
    /// <summary>The Open Inference Protocol's name, e.g. <c>FP32</c>; <see cref="ElementType.String"/> is <c>BYTES</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The protocol has no such datatype.</exception>
    public static string ToInferenceDatatype(this ElementType type) => type switch
    {
        ElementType.Float => "FP32",
        ElementType.Double => "FP64",
        ElementType.Float16 => "FP16",
        ElementType.BFloat16 => "BF16",
        ElementType.Int8 => "INT8",
        ElementType.Int16 => "INT16",
        ElementType.Int32 => "INT32",
        ElementType.Int64 => "INT64",
        ElementType.UInt8 => "UINT8",
        ElementType.UInt16 => "UINT16",
        ElementType.UInt32 => "UINT32",
        ElementType.UInt64 => "UINT64",
        ElementType.Bool => "BOOL",
        ElementType.String => "BYTES",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "has no Open Inference Protocol datatype"),
    };

    /// <summary>The inverse of <see cref="ToInferenceDatatype"/>.</summary>
    /// <exception cref="ArgumentException">No such datatype.</exception>
    public static ElementType FromInferenceDatatype(string datatype)
    {
        foreach (var type in Enum.GetValues<ElementType>())
        {
            if (type != ElementType.Undefined && string.Equals(type.ToInferenceDatatype(), datatype, StringComparison.Ordinal))
            {
                return type;
            }
        }

        throw new ArgumentException($"'{datatype}' is not an Open Inference Protocol datatype.", nameof(datatype));
    }

    internal static bool IsFloating(this ElementType type) =>
        type is ElementType.Float or ElementType.Double or ElementType.Float16 or ElementType.BFloat16;

    internal static bool IsNumeric(this ElementType type) =>
        type is not (ElementType.Undefined or ElementType.String or ElementType.Bool);
}
