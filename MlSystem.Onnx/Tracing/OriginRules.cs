using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>What each operator does to the origins of its inputs (ONNX operator specification, <c>ai.onnx</c> and <c>ai.onnx.ml</c>).</summary>
internal sealed class OriginRules(GraphConstants constants)
{
    private static readonly HashSet<string> Elementwise = new(StringComparer.Ordinal)
    {
        "Identity", "Cast", "IsNaN", "IsInf", "Not", "Neg", "Abs", "Sqrt", "Exp", "Log", "Sigmoid", "Tanh", "Relu", "LeakyRelu", "Softplus", "Erf", "Clip",
        "Floor", "Ceil", "Round", "Sign", "Reciprocal", "Sin", "Cos", "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Min", "Max", "Sum", "Mean", "Where", "Equal", "Less",
        "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "Imputer", "Scaler", "LabelEncoder", "CategoryMapper", "Binarizer", "Dropout", "CastLike",
    };

    private static readonly HashSet<string> AlongLastAxis = new(StringComparer.Ordinal) { "Normalizer", "Softmax", "LogSoftmax" };

    /// <exception cref="OnnxGraphException">The operator, or this use of it, is not followed.</exception>
    public IReadOnlyList<Origins> Apply(NodeProto node, IReadOnlyList<Origins> inputs)
    {
        var attributes = new NodeAttributes(node);
        if (Elementwise.Contains(node.OpType))
        {
            return [Origins.Combine(inputs)];
        }

        if (AlongLastAxis.Contains(node.OpType))
        {
            return [Mixed(inputs[0], [inputs[0].Rank - 1], keep: true)];
        }

        return node.OpType switch
        {
            "Concat" => [Concat(inputs, Axis(inputs[0], attributes.Integer("axis", 0)))],
            "FeatureVectorizer" => [Concat([.. inputs.Select(input => input.Rank == 1 ? input.As(1, 1) : input)], 1)],
            "Gather" => [Gather(node, inputs, (int)attributes.Integer("axis", 0))],
            "ArrayFeatureExtractor" => [Pick(inputs[0], inputs[0].Rank - 1, Longs(node, 1, attributes))],
            "Slice" => [Slice(node, inputs[0], attributes)],
            "Split" => Split(node, inputs[0], attributes),
            "OneHotEncoder" => [Expanded(inputs[0], Math.Max(attributes.Texts("cats_strings").Count, attributes.Integers("cats_int64s").Count))],
            "OneHot" => [Expanded(inputs[0], attributes.Integer("axis", -1) == -1 && Longs(node, 1, attributes) is [var depth] ? checked((int)depth) : throw attributes.Error("is not followed along this axis"))],
            "MatMul" or "Gemm" => [Product(node, inputs, attributes)],
            "ReduceSum" or "ReduceMean" or "ReduceMax" or "ReduceMin" or "ReduceProd" or "ReduceL2" or "ReduceSumSquare" => [Reduce(node, inputs[0], attributes)],
            _ => [OriginShapes.Apply(node, inputs[0], attributes, constants)],
        };
    }

    internal static int Axis(Origins value, long axis)
    {
        var own = (int)(axis < 0 ? axis + value.Rank : axis);
        return own >= (value.HasRows ? 1 : 0) && own < value.Rank ? own : throw new OnnxGraphException($"axis {axis} is not one of a row's");
    }

    private static Origins Concat(IReadOnlyList<Origins> inputs, int axis)
    {
        var outer = inputs[0].Around(axis).Outer;
        var ids = new List<int>();
        for (var o = 0; o < outer; o++)
        {
            foreach (var input in inputs)
            {
                var (_, size, inner) = input.Around(axis);
                ids.AddRange(input.Ids.AsSpan(o * size * inner, size * inner));
            }
        }

        var dims = inputs[0].Dims.ToArray();
        dims[axis] = inputs.Sum(input => input.Dims[axis]);
        return new Origins(dims, [.. ids], inputs.Any(input => input.HasRows));
    }

    private Origins Gather(NodeProto node, IReadOnlyList<Origins> inputs, int axis)
    {
        if (constants.Longs(node.Input[1]) is { } positions)
        {
            return Pick(inputs[0], Axis(inputs[0], axis), positions, inputs[1].Dims);
        }

        // A row of a constant table, chosen by the input: all its elements depend on the choice.
        return inputs[0].Ids.All(id => id == Origins.Nothing) && axis == 0
            ? new Origins([.. inputs[1].Dims, .. inputs[0].Dims[1..]], [.. inputs[1].Ids.SelectMany(id => Enumerable.Repeat(id, Origins.Count(inputs[0].Dims[1..])))], inputs[1].HasRows)
            : throw new OnnxGraphException("positions that are computed are not followed");
    }

    private static Origins Pick(Origins value, int axis, long[] positions, int[]? dims = null)
    {
        var size = value.Dims[axis];
        return value.Pick(axis, [.. positions.Select(p => checked((int)(p < 0 ? p + size : p)))], dims ?? [positions.Length]);
    }

    private Origins Slice(NodeProto node, Origins value, NodeAttributes attributes)
    {
        var starts = Longs(node, 1, attributes, "starts");
        var ends = Longs(node, 2, attributes, "ends");
        long[] axes = node.Input.Count > 3 || attributes.Integers("axes").Count > 0 ? Longs(node, 3, attributes, "axes") : [.. Enumerable.Range(0, starts.Length).Select(a => (long)a)];
        for (var i = 0; i < starts.Length; i++)
        {
            var step = node.Input.Count > 4 ? Longs(node, 4, attributes)[i] : 1;
            var axis = Axis(value, axes[i]);
            long size = value.Dims[axis];
            long Bounded(long at) => Math.Clamp(at < 0 ? at + size : at, step < 0 ? -1 : 0, step < 0 ? size - 1 : size);
            var positions = new List<long>();
            for (var at = Bounded(starts[i]); step > 0 ? at < Bounded(ends[i]) : at > Bounded(ends[i]); at += step)
            {
                positions.Add(at);
            }

            value = Pick(value, axis, [.. positions]);
        }

        return value;
    }

    private List<Origins> Split(NodeProto node, Origins value, NodeAttributes attributes)
    {
        var axis = Axis(value, attributes.Integer("axis", 0));
        var sizes = node.Input.Count > 1 || attributes.Integers("split").Count > 0 ? Longs(node, 1, attributes, "split")
            : [.. Enumerable.Repeat((long)value.Dims[axis] / node.Output.Count, node.Output.Count)];
        var parts = new List<Origins>();
        var start = 0;
        foreach (var size in sizes)
        {
            parts.Add(value.Pick(axis, [.. Enumerable.Range(start, (int)size)], (int)size));
            start += (int)size;
        }

        return parts;
    }

    /// <summary>A new last dimension, all of it depending on the element that it expands.</summary>
    private static Origins Expanded(Origins value, int size) =>
        value with { Dims = [.. value.Dims, size], Ids = [.. value.Ids.SelectMany(id => Enumerable.Repeat(id, size))] };

    /// <summary>With a constant matrix: an output depends on the inputs that have a coefficient other than zero for it.</summary>
    private Origins Product(NodeProto node, IReadOnlyList<Origins> inputs, NodeAttributes attributes)
    {
        var weights = constants.Doubles(node.Input[1]);
        if (weights is null || inputs[0].Rank != 2 || inputs[1].Rank != 2 || attributes.Integer("transA", 0) != 0)
        {
            throw new OnnxGraphException("only the product of rows with a constant matrix is followed");
        }

        var transposed = attributes.Integer("transB", 0) != 0;
        var (features, outputs) = transposed ? (inputs[1].Dims[1], inputs[1].Dims[0]) : (inputs[1].Dims[0], inputs[1].Dims[1]);
        var ids = Origins.Filled(outputs, Origins.Nothing);
        for (var o = 0; o < outputs; o++)
        {
            for (var f = 0; f < features; f++)
            {
                if (weights[transposed ? (o * features) + f : (f * outputs) + o] != 0)
                {
                    ids[o] = Origins.Union(ids[o], inputs[0].Ids[f]);
                }
            }
        }

        return inputs[0] with { Dims = [1, outputs], Ids = ids };
    }

    private Origins Reduce(NodeProto node, Origins value, NodeAttributes attributes)
    {
        if (node.Input.Count < 2 && attributes.Integers("axes").Count == 0)
        {
            throw attributes.Error("reduces the rows as well");
        }

        return Mixed(value, [.. Longs(node, 1, attributes, "axes").Select(axis => Axis(value, axis))], keep: false, attributes.Integer("keepdims", 1) != 0);
    }

    /// <summary>Every element depends on all along the axes.</summary>
    private static Origins Mixed(Origins value, int[] axes, bool keep, bool keepDimension = true)
    {
        foreach (var axis in axes.OrderDescending())
        {
            var (outer, size, inner) = value.Around(axis);
            var ids = Origins.Filled(outer * inner, Origins.Nothing);
            for (var i = 0; i < value.Ids.Length; i++)
            {
                var at = (i / (size * inner) * inner) + (i % inner);
                ids[at] = Origins.Union(ids[at], value.Ids[i]);
            }

            var reduced = value with { Dims = [.. value.Dims[..axis], 1, .. value.Dims[(axis + 1)..]], Ids = ids };
            value = keep ? reduced.Pick(axis, new int[size], size) : keepDimension ? reduced : reduced.As([.. value.Dims[..axis], .. value.Dims[(axis + 1)..]]);
        }

        return value;
    }

    private long[] Longs(NodeProto node, int input, NodeAttributes attributes, string attribute = "") =>
        attribute.Length > 0 && attributes.Integers(attribute) is { Count: > 0 } given ? [.. given]
        : node.Input.Count > input && constants.Longs(node.Input[input]) is { } values ? values
        : throw attributes.Error($"input {input} is not constant");
}
