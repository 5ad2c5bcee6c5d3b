namespace MlSystem.Onnx;

public sealed partial class GraphBuilder
{
    /// <summary>Joins values along an axis; all other dimensions must agree.</summary>
    public OnnxValue Concat(IReadOnlyList<OnnxValue> values, long axis)
    {
        ArgumentNullException.ThrowIfNull(values);
        var node = Node("Concat", [.. values]);
        node.Require(values.Count > 0, "at least one value", "none").RequireSameElements();
        var first = values[0].Type;
        var at = node.Axis(axis, first.Rank);
        var size = (long?)0;
        foreach (var value in values)
        {
            node.Require(value.Type.Rank == first.Rank, $"rank {first.Rank}", $"rank {value.Type.Rank} of '{value.Name}'");
            for (var i = 0; i < first.Rank; i++)
            {
                node.Require(i == at || value.Type.Shape[i] == first.Shape[i], $"dimension {i} to be {first.Shape[i]}", $"{value.Type.Shape[i]} of '{value.Name}'");
            }

            size += value.Type.Shape[at].Size;
        }

        var shape = first.Shape.ToArray();
        shape[at] = size is { } total ? total : Dimension.Named(FreshName("dim"));
        return node.Attribute("axis", axis).Emit(new TensorType(first.Element, shape));
    }

    /// <summary>Gives the elements another shape: -1 (at most once) takes what is left, 0 keeps that dimension.</summary>
    public OnnxValue Reshape(OnnxValue x, params IReadOnlyList<long> shape)
    {
        ArgumentNullException.ThrowIfNull(x);
        var node = Node("Reshape", [x, Constant<long>([.. shape])]);
        node.Require(shape.Count > 0 && shape.All(d => d >= -1) && shape.Count(d => d == -1) <= 1, "dimensions of at least -1, with -1 at most once", $"[{string.Join(", ", shape)}]");
        return node.Emit(new TensorType(x.Type.Element, Reshaped(node, x.Type, shape)));
    }

    /// <summary>Picks slices along an axis by index; the index's shape replaces that dimension.</summary>
    public OnnxValue Gather(OnnxValue data, OnnxValue indices, long axis = 0)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(indices);
        var node = Node("Gather", [data, indices]).RequireElement(1, ElementType.Int64, ElementType.Int32);
        var at = node.Axis(axis, data.Type.Rank);
        return node.Attribute("axis", axis)
            .Emit(new TensorType(data.Type.Element, [.. data.Type.Shape.Take(at), .. indices.Type.Shape, .. data.Type.Shape.Skip(at + 1)]));
    }

    /// <summary>The part [start, end) of one axis; negative positions count from its end.</summary>
    public OnnxValue Slice(OnnxValue x, long start, long end, long axis)
    {
        ArgumentNullException.ThrowIfNull(x);
        var node = Node("Slice", [x, Constant<long>([start]), Constant<long>([end]), Constant<long>([axis])]);
        var at = node.Axis(axis, x.Type.Rank);
        var shape = x.Type.Shape.ToArray();
        if (shape[at].Size is { } size)
        {
            var from = Math.Clamp(start < 0 ? start + size : start, 0, size);
            var to = Math.Clamp(end < 0 ? end + size : end, 0, size);
            shape[at] = Math.Max(0, to - from);
        }
        else
        {
            shape[at] = Dimension.Named(FreshName("dim"));
        }

        return node.Emit(new TensorType(x.Type.Element, shape));
    }

    /// <summary>Removes dimensions of size 1.</summary>
    public OnnxValue Squeeze(OnnxValue x, params IReadOnlyList<long> axes)
    {
        ArgumentNullException.ThrowIfNull(x);
        var node = Node("Squeeze", [x, Constant<long>([.. axes])]);
        var removed = axes.Select(a => node.Axis(a, x.Type.Rank)).ToHashSet();
        foreach (var axis in removed)
        {
            node.Require(x.Type.Shape[axis].Size == 1, $"dimension {axis} to be 1", x.Type.Shape[axis]);
        }

        return node.Emit(new TensorType(x.Type.Element, [.. x.Type.Shape.Where((_, i) => !removed.Contains(i))]));
    }

    /// <summary>Inserts dimensions of size 1; the axes are positions in the result.</summary>
    public OnnxValue Unsqueeze(OnnxValue x, params IReadOnlyList<long> axes)
    {
        ArgumentNullException.ThrowIfNull(x);
        var node = Node("Unsqueeze", [x, Constant<long>([.. axes])]);
        var rank = x.Type.Rank + axes.Count;
        var inserted = axes.Select(a => node.Axis(a, rank)).ToHashSet();
        node.Require(inserted.Count == axes.Count, "distinct axes", $"[{string.Join(", ", axes)}]");
        var rest = new Queue<Dimension>(x.Type.Shape);
        return node.Emit(new TensorType(x.Type.Element, [.. Enumerable.Range(0, rank).Select(i => inserted.Contains(i) ? 1 : rest.Dequeue())]));
    }

    private Dimension[] Reshaped(NodeBuilder node, TensorType from, IReadOnlyList<long> shape)
    {
        var result = new Dimension[shape.Count];
        for (var i = 0; i < shape.Count; i++)
        {
            node.Require(shape[i] != 0 || i < from.Rank, $"no 0 beyond rank {from.Rank}", $"0 at {i}");
            result[i] = shape[i] switch { 0 => from.Shape[i], -1 => 1, var size => size };
        }

        // What both sides have in symbols must cancel out, so that the free dimension is a number or one symbol.
        var symbols = from.Shape.Where(d => d.Symbol is not null).ToList();
        foreach (var kept in result.Where(d => d.Symbol is not null))
        {
            symbols.Remove(kept);
        }

        var given = from.Shape.Aggregate(1L, (p, d) => p * (d.Size ?? 1));
        var wanted = result.Aggregate(1L, (p, d) => p * (d.Size ?? 1));
        var free = shape.Index().Where(p => p.Item == -1).Select(p => p.Index).DefaultIfEmpty(-1).First();
        var fits = free < 0 ? symbols.Count == 0 && given == wanted : wanted > 0 && given % wanted == 0;
        node.Require(fits, $"a shape that holds the elements of {from}", $"[{string.Join(", ", shape)}]");
        if (free >= 0)
        {
            result[free] = symbols.Count switch
            {
                0 => given / wanted,
                1 when given == wanted => symbols[0],
                _ => Dimension.Named(FreshName("dim")),
            };
        }

        return result;
    }
}
