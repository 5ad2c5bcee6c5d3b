namespace MlSystem.Onnx;

public sealed partial class GraphBuilder
{
    /// <summary>Linear scores of Float features [N, F]: Float [N, outputs]; ONNX Runtime sums in single precision.</summary>
    public OnnxValue LinearRegressor(OnnxValue features, LinearModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return LinearNode("LinearRegressor", features, model).Attribute("targets", model.Outputs)
            .Emit(new TensorType(ElementType.Float, features.Type.Shape[0], model.Outputs));
    }

    /// <summary>Like <see cref="LinearRegressor"/>, but gives the class of the greatest score [N] as well.</summary>
    public (OnnxValue Label, OnnxValue Scores) LinearClassifier(OnnxValue features, LinearModel model, IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(labels);
        var node = LinearNode("LinearClassifier", features, model);
        node.Require(labels.Count == model.Outputs && labels.Count > 1, $"one label for each of at least two outputs ({model.Outputs})", labels.Count)
            .Attribute("classlabels_strings", labels);
        return (node.Emit(new TensorType(ElementType.String, features.Type.Shape[0])),
            node.Emit(new TensorType(ElementType.Float, features.Type.Shape[0], labels.Count)));
    }

    /// <summary>Replaces NaN in Float [N, F] by one value for each feature.</summary>
    public OnnxValue Imputer(OnnxValue x, IReadOnlyList<float> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var node = Node("Imputer", [x], MlDomain).RequireElement(0, ElementType.Float).RequireRank(0, 2);
        return node.Require(x.Type.Shape[1].Size == values.Count, $"{x.Type.Shape[1]} values", values.Count)
            .Attribute("imputed_value_floats", values).Attribute("replaced_value_float", float.NaN).Emit(x.Type);
    }

    /// <summary>(x - offset) · scale for each feature of Float, Double, Int64 or Int32 [N, F]; gives Float.</summary>
    public OnnxValue Scaler(OnnxValue x, IReadOnlyList<float> offset, IReadOnlyList<float> scale)
    {
        ArgumentNullException.ThrowIfNull(offset);
        ArgumentNullException.ThrowIfNull(scale);
        var node = Node("Scaler", [x], MlDomain).RequireElement(0, ElementType.Float, ElementType.Double, ElementType.Int64, ElementType.Int32).RequireRank(0, 2);
        return node.Require(x.Type.Shape[1].Size == offset.Count, $"{x.Type.Shape[1]} offsets", offset.Count)
            .Require(offset.Count == scale.Count, $"{offset.Count} scales", scale.Count)
            .Attribute("offset", offset).Attribute("scale", scale).Emit(x.Type.With(ElementType.Float));
    }

    /// <summary>Adds a last dimension with a 1 at the position of the category; all zeros for one that is not listed. Gives Float.</summary>
    public OnnxValue OneHotEncoder(OnnxValue x, IReadOnlyList<string> categories)
    {
        ArgumentNullException.ThrowIfNull(categories);
        var node = Node("OneHotEncoder", [x], MlDomain).RequireElement(0, ElementType.String);
        return OneHot(node, x, categories.Count, categories.Distinct(StringComparer.Ordinal).Count()).Attribute("cats_strings", categories)
            .Emit(new TensorType(ElementType.Float, [.. x.Type.Shape, categories.Count]));
    }

    /// <summary>Like the other overload, on Int64 categories.</summary>
    public OnnxValue OneHotEncoder(OnnxValue x, IReadOnlyList<long> categories)
    {
        ArgumentNullException.ThrowIfNull(categories);
        var node = Node("OneHotEncoder", [x], MlDomain).RequireElement(0, ElementType.Int64);
        return OneHot(node, x, categories.Count, categories.Distinct().Count()).Attribute("cats_int64s", categories)
            .Emit(new TensorType(ElementType.Float, [.. x.Type.Shape, categories.Count]));
    }

    /// <summary>Maps strings to numbers; others get the default.</summary>
    public OnnxValue LabelEncoder(OnnxValue x, IReadOnlyList<string> keys, IReadOnlyList<long> values, long fallback)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        var node = Node("LabelEncoder", [x], MlDomain).RequireElement(0, ElementType.String);
        return Pairs(node, keys.Count, values.Count, keys.Distinct(StringComparer.Ordinal).Count())
            .Attribute("keys_strings", keys).Attribute("values_int64s", values).Attribute("default_int64", fallback)
            .Emit(x.Type.With(ElementType.Int64));
    }

    /// <summary>Maps numbers to strings; others get the default.</summary>
    public OnnxValue LabelEncoder(OnnxValue x, IReadOnlyList<long> keys, IReadOnlyList<string> values, string fallback)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        var node = Node("LabelEncoder", [x], MlDomain).RequireElement(0, ElementType.Int64);
        return Pairs(node, keys.Count, values.Count, keys.Distinct().Count())
            .Attribute("keys_int64s", keys).Attribute("values_strings", values).Attribute("default_string", fallback)
            .Emit(x.Type.With(ElementType.String));
    }

    /// <summary>Picks positions of the last dimension: [N, F] and Int64 [K] to [N, K].</summary>
    public OnnxValue ArrayFeatureExtractor(OnnxValue x, IReadOnlyList<long> positions)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(positions);
        var node = Node("ArrayFeatureExtractor", [x, Constant<long>([.. positions])], MlDomain).RequireRank(0, 2);
        var size = x.Type.Shape[1].Size;
        return node.Require(positions.Count > 0 && positions.All(p => p >= 0 && (size is null || p < size)), $"positions below {x.Type.Shape[1]}", $"[{string.Join(", ", positions)}]")
            .Emit(new TensorType(x.Type.Element, x.Type.Shape[0], positions.Count));
    }

    private NodeBuilder LinearNode(string op, OnnxValue features, LinearModel model)
    {
        var node = Node(op, [features], MlDomain).RequireElement(0, ElementType.Float).RequireRank(0, 2);
        return node.Require(model.Outputs > 0 && model.Intercepts.Count == model.Outputs, $"{model.Outputs} intercepts, at least one", model.Intercepts.Count)
            .Require(model.Coefficients.All(c => c.Count == features.Type.Shape[1].Size), $"{features.Type.Shape[1]} coefficients for each output", string.Join(", ", model.Coefficients.Select(c => c.Count)))
            .Attribute("coefficients", model.Coefficients.SelectMany(c => c).Select(c => (float)c))
            .Attribute("intercepts", model.Intercepts.Select(i => (float)i))
            .Attribute("post_transform", TreeModes.Name(model.PostTransform));
    }

    private static NodeBuilder OneHot(NodeBuilder node, OnnxValue x, int count, int distinct) =>
        node.Require(count > 0 && count == distinct, "at least one category and no duplicates", $"{count}, {distinct} of them distinct")
            .Require(x.Type.Rank > 0, "at least one dimension", x.Type)
            .Attribute("zeros", 1);

    private static NodeBuilder Pairs(NodeBuilder node, int keys, int values, int distinct) =>
        node.Require(keys > 0 && keys == values, $"{keys} values, at least one", values)
            .Require(keys == distinct, "distinct keys", $"{distinct} distinct of {keys}");
}
