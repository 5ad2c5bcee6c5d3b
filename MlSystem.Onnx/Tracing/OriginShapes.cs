using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>Operators that give the same elements another shape.</summary>
internal static class OriginShapes
{
    /// <exception cref="OnnxGraphException">The operator is not followed, or moves the batch dimension.</exception>
    public static Origins Apply(NodeProto node, Origins value, NodeAttributes attributes, GraphConstants constants) => node.OpType switch
    {
        "Reshape" => Reshape(value, constants.Longs(node.Input[1]) ?? throw attributes.Error("its shape is not constant")),
        "Flatten" when attributes.Integer("axis", 1) == 1 => value.As(value.Dims[0], Origins.Count(value.Dims[1..])),
        "Squeeze" => Squeeze(value, Axes(node, attributes, constants)),
        "Unsqueeze" => Unsqueeze(value, Axes(node, attributes, constants) ?? throw attributes.Error("has no axes")),
        "Transpose" => Transpose(value, attributes.Integers("perm")),
        _ => throw attributes.Error("this operator is not followed"),
    };

    private static IReadOnlyList<long>? Axes(NodeProto node, NodeAttributes attributes, GraphConstants constants) =>
        attributes.Integers("axes") is { Count: > 0 } given ? given
        : node.Input.Count > 1 ? constants.Longs(node.Input[1]) ?? throw attributes.Error("its axes are not constant")
        : null;

    private static Origins Reshape(Origins value, long[] target)
    {
        // A row's elements stay together: the first dimension is the batch's, written as -1 (the rest) or 0 (unchanged).
        var dims = target.Select((d, i) => d == 0 ? value.Dims[i] : checked((int)d)).ToArray();
        if (value.HasRows)
        {
            if (dims.Length == 0 || (target[0] != -1 && dims[0] != 1))
            {
                throw new OnnxGraphException("the batch dimension is reshaped");
            }

            dims[0] = 1;
        }

        var open = Array.IndexOf(dims, -1);
        if (open >= 0)
        {
            dims[open] = value.Ids.Length / Math.Max(1, -Origins.Count(dims));
        }

        return Origins.Count(dims) == value.Ids.Length ? value.As(dims) : throw new OnnxGraphException("rows are reshaped into other rows");
    }

    private static Origins Squeeze(Origins value, IReadOnlyList<long>? axes)
    {
        var first = value.HasRows ? 1 : 0;
        var dropped = axes?.Select(axis => OriginRules.Axis(value, axis)).ToHashSet()
            ?? [.. Enumerable.Range(first, value.Rank - first).Where(axis => value.Dims[axis] == 1)];
        return value.As([.. value.Dims.Where((_, axis) => !dropped.Contains(axis))]);
    }

    private static Origins Unsqueeze(Origins value, IReadOnlyList<long> axes)
    {
        var rank = value.Rank + axes.Count;
        var added = axes.Select(axis => (int)(axis < 0 ? axis + rank : axis)).ToHashSet();
        if (value.HasRows && added.Contains(0))
        {
            throw new OnnxGraphException("the batch dimension moves");
        }

        var rest = new Queue<int>(value.Dims);
        return value.As([.. Enumerable.Range(0, rank).Select(axis => added.Contains(axis) ? 1 : rest.Dequeue())]);
    }

    private static Origins Transpose(Origins value, IReadOnlyList<long> permutation)
    {
        int[] order = permutation.Count > 0 ? [.. permutation.Select(p => (int)p)] : [.. Enumerable.Range(0, value.Rank).Reverse()];
        if (value.HasRows && order[0] != 0)
        {
            throw new OnnxGraphException("the batch dimension moves");
        }

        int[] dims = [.. order.Select(axis => value.Dims[axis])];
        var ids = new int[value.Ids.Length];
        for (var i = 0; i < ids.Length; i++)
        {
            var rest = i;
            var at = new int[dims.Length];
            for (var axis = dims.Length - 1; axis >= 0; axis--)
            {
                at[order[axis]] = rest % dims[axis];
                rest /= dims[axis];
            }

            ids[i] = value.Ids[at.Select((position, axis) => (position, axis)).Aggregate(0, (sum, p) => (sum * value.Dims[p.axis]) + p.position)];
        }

        return value with { Dims = dims, Ids = ids };
    }
}
