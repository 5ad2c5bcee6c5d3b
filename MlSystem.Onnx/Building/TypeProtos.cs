using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>Types to and from their stored form.</summary>
internal static class TypeProtos
{
    public static ValueInfoProto ValueInfo(string name, TensorType type)
    {
        var shape = new TensorShapeProto();
        foreach (var dim in type.Shape)
        {
            shape.Dim.Add(dim.Size is { } size
                ? new TensorShapeProto.Types.Dimension { DimValue = size }
                : new TensorShapeProto.Types.Dimension { DimParam = dim.Symbol });
        }

        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type.Element, Shape = shape } },
        };
    }

    /// <summary>Null when the value is no tensor.</summary>
    public static TensorType? Read(ValueInfoProto info)
    {
        if (info.Type?.ValueCase != TypeProto.ValueOneofCase.TensorType)
        {
            return null;
        }

        var tensor = info.Type.TensorType;
        var dims = (tensor.Shape?.Dim ?? []).Select((dim, i) => dim.ValueCase switch
        {
            TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue when dim.DimValue >= 0 => Dimension.FromInt64(dim.DimValue),
            TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam when dim.DimParam.Length > 0 => Dimension.Named(dim.DimParam),
            _ => Dimension.Named($"{info.Name}_{i}"),
        });
        return new TensorType((ElementType)tensor.ElemType, [.. dims]);
    }
}
