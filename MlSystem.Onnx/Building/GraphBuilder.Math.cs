namespace MlSystem.Onnx;

public sealed partial class GraphBuilder
{
    /// <summary>Matrix product of two matrices: [M, K] · [K, N].</summary>
    public OnnxValue MatMul(OnnxValue a, OnnxValue b)
    {
        var node = Node("MatMul", [a, b]).RequireRank(0, 2).RequireRank(1, 2).RequireSameElements();
        node.Require(a.Type.Element.IsNumeric(), "a numeric element type", a.Type.Element)
            .Require(a.Type.Shape[1] == b.Type.Shape[0], $"{a.Type.Shape[1]} rows in '{b.Name}'", b.Type.Shape[0]);
        return node.Emit(new TensorType(a.Type.Element, a.Type.Shape[0], b.Type.Shape[1]));
    }

    /// <summary>a · b + c with a [M, K], b [K, N] (or [N, K] when <paramref name="transposeB"/>) and c broadcast to [M, N].</summary>
    public OnnxValue Gemm(OnnxValue a, OnnxValue b, OnnxValue c, bool transposeB = false)
    {
        var node = Node("Gemm", [a, b, c]).RequireRank(0, 2).RequireRank(1, 2).RequireSameElements();
        var (inner, outer) = transposeB ? (b.Type.Shape[1], b.Type.Shape[0]) : (b.Type.Shape[0], b.Type.Shape[1]);
        node.Require(a.Type.Element.IsFloating(), "a floating element type", a.Type.Element)
            .Require(a.Type.Shape[1] == inner, $"inner dimension {a.Type.Shape[1]}", inner);
        var shape = Shapes.Broadcast([a.Type.Shape[0], outer], c.Type.Shape);
        node.Require(shape is { Count: 2 } && shape[0] == a.Type.Shape[0] && shape[1] == outer, $"a c that broadcasts to [{a.Type.Shape[0]}, {outer}]", c.Type);
        return node.Attribute("transB", transposeB ? 1 : 0).Emit(new TensorType(a.Type.Element, a.Type.Shape[0], outer));
    }

    /// <summary>Sums over the given axes.</summary>
    public OnnxValue ReduceSum(OnnxValue x, IReadOnlyList<long> axes, bool keepDims = false)
    {
        ArgumentNullException.ThrowIfNull(x);
        var node = Node("ReduceSum", [x, Constant<long>([.. axes])]);
        node.Require(x.Type.Element.IsNumeric(), "a numeric element type", x.Type.Element);
        var reduced = axes.Select(a => node.Axis(a, x.Type.Rank)).ToHashSet();
        var shape = x.Type.Shape.Select((dim, i) => (Dim: reduced.Contains(i) ? 1 : dim, Keep: keepDims || !reduced.Contains(i)));
        return node.Attribute("keepdims", keepDims ? 1 : 0)
            .Emit(new TensorType(x.Type.Element, [.. shape.Where(d => d.Keep).Select(d => d.Dim)]));
    }

    /// <summary>Position of the greatest element along an axis, the first of equal ones; Int64.</summary>
    public OnnxValue ArgMax(OnnxValue x, long axis, bool keepDims = false)
    {
        ArgumentNullException.ThrowIfNull(x);
        var node = Node("ArgMax", [x]);
        node.Require(x.Type.Element.IsNumeric(), "a numeric element type", x.Type.Element);
        var at = node.Axis(axis, x.Type.Rank);
        var shape = x.Type.Shape.ToList();
        if (keepDims)
        {
            shape[at] = 1;
        }
        else
        {
            shape.RemoveAt(at);
        }

        return node.Attribute("axis", axis).Attribute("keepdims", keepDims ? 1 : 0).Emit(new TensorType(ElementType.Int64, shape));
    }

    /// <summary>The <paramref name="k"/> greatest elements along an axis, descending, and their positions (Int64).</summary>
    public (OnnxValue Values, OnnxValue Indices) TopK(OnnxValue x, long k, long axis = -1)
    {
        ArgumentNullException.ThrowIfNull(x);
        var node = Node("TopK", [x, Constant<long>([k])]);
        node.Require(x.Type.Element.IsNumeric(), "a numeric element type", x.Type.Element);
        var at = node.Axis(axis, x.Type.Rank);
        node.Require(k > 0 && (x.Type.Shape[at].Size is not { } size || k <= size), $"a k from 1 to {x.Type.Shape[at]}", k);
        var shape = x.Type.Shape.ToArray();
        shape[at] = k;
        node.Attribute("axis", axis);
        return (node.Emit(new TensorType(x.Type.Element, shape)), node.Emit(new TensorType(ElementType.Int64, shape)));
    }
}
