namespace MlSystem.Onnx;

public sealed partial class GraphBuilder
{
    /// <summary>
    /// A copy of <paramref name="data"/> with elements set: of two dimensions and axis 1, <c>result[i, indices[i, j]] = updates[i, j]</c>.
    /// With <paramref name="add"/> updates are added to what is there, also several to one element; without, equal indices must have equal updates.
    /// </summary>
    public OnnxValue ScatterElements(OnnxValue data, OnnxValue indices, OnnxValue updates, long axis = 0, bool add = false)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(indices);
        ArgumentNullException.ThrowIfNull(updates);
        var node = Node("ScatterElements", [data, indices, updates]).RequireElement(1, ElementType.Int64, ElementType.Int32);
        node.Require(indices.Type.Rank == data.Type.Rank, $"indices of rank {data.Type.Rank}", indices.Type.Rank)
            .Require(updates.Type.Shape.SequenceEqual(indices.Type.Shape), $"updates of the indices' shape {indices.Type}", updates.Type)
            .Require(updates.Type.Element == data.Type.Element, $"updates of {data.Type.Element}", updates.Type.Element);
        node.Attribute("axis", (long)node.Axis(axis, data.Type.Rank)).Attribute("reduction", add ? "add" : "none");
        return node.Emit(data.Type);
    }

    /// <summary>Elements by position along an axis: of two dimensions and axis 1, <c>result[i, j] = data[i, indices[i, j]]</c>.</summary>
    public OnnxValue GatherElements(OnnxValue data, OnnxValue indices, long axis = 0)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(indices);
        var node = Node("GatherElements", [data, indices]).RequireElement(1, ElementType.Int64, ElementType.Int32);
        node.Require(indices.Type.Rank == data.Type.Rank, $"indices of rank {data.Type.Rank}", indices.Type.Rank);
        return node.Attribute("axis", (long)node.Axis(axis, data.Type.Rank)).Emit(indices.Type.With(data.Type.Element));
    }

    /// <summary>Square root of every element.</summary>
    public OnnxValue Sqrt(OnnxValue x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Node("Sqrt", [x]).Emit(x.Type);
    }

    /// <summary>Elements to the power of others; with broadcasting.</summary>
    public OnnxValue Pow(OnnxValue x, OnnxValue exponent) => Arithmetic("Pow", x, exponent);
}
