using MlSystem.Onnx;

namespace MlSystem.Training.Tabular.Preprocessing;

internal sealed partial class TabularPreprocessor
{
    /// <summary>Declares the model's inputs ([N, 1] each, in the schema's order) and gives the features, Float [N, F].</summary>
    public OnnxValue Append(GraphBuilder graph, TabularSchema schema)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(schema);
        var inputs = schema.Columns.ToDictionary(
            c => c.Name,
            c => graph.Input(c.Name, new TensorType(ElementTypes.FromInferenceDatatype(c.Datatype), Dimension.Batch, 1)),
            StringComparer.Ordinal);
        var features = new List<OnnxValue>();
        if (_numeric.Count > 0)
        {
            AppendNumbers(graph, inputs, features);
        }

        if (_categorical.Count > 0)
        {
            // [N, 1, categories] each; joined on the last dimension before the middle one is dropped, to have one node for all.
            var encoded = _categorical.SelectMany(c => Indicators(graph, inputs[c.Column.Name], c)).ToList();
            features.Add(graph.Squeeze(Join(graph, encoded, axis: 2), 1));
        }

        return Join(graph, features, axis: 1);
    }

    private static IEnumerable<OnnxValue> Indicators(GraphBuilder graph, OnnxValue input, CategoricalPlan plan)
    {
        var known = graph.OneHotEncoder(input, plan.Categories);
        yield return known;
        if (plan.Buckets > 0)
        {
            var bucket = graph.Mod(graph.Cast(graph.MurmurHash3(input), ElementType.Int64), graph.Scalar((long)plan.Buckets));
            var shared = graph.OneHotEncoder(bucket, [.. Enumerable.Range(0, plan.Buckets).Select(b => (long)b)]);
            var unknown = graph.Sub(graph.Scalar(1f), graph.ReduceSum(known, [2], keepDims: true));
            yield return graph.Mul(shared, unknown);
        }
    }

    private void AppendNumbers(GraphBuilder graph, Dictionary<string, OnnxValue> inputs, List<OnnxValue> features)
    {
        var raw = Join(graph, [.. _numeric.Select(n => AsFloat(graph, inputs[n.Column.Name]))], axis: 1);
        var missing = graph.IsNaN(raw);
        var filled = graph.Where(missing, graph.Constant<float>([.. _numeric.Select(n => n.Fill)], 1, _numeric.Count), raw);
        features.Add(Standardises ? Standardise(graph, filled) : filled);
        var flagged = _numeric.Where(n => n.HasIndicator).Select(n => (long)n.Index).ToArray();
        if (flagged.Length > 0)
        {
            features.Add(graph.Cast(graph.Gather(missing, graph.Constant<long>(flagged), axis: 1), ElementType.Float));
        }
    }

    private OnnxValue Standardise(GraphBuilder graph, OnnxValue numbers)
    {
        var wide = graph.Cast(numbers, ElementType.Double);
        var centred = graph.Sub(wide, graph.Constant<double>([.. _numeric.Select(n => n.Offset)], 1, _numeric.Count));
        var scaled = graph.Mul(centred, graph.Constant<double>([.. _numeric.Select(n => n.Scale)], 1, _numeric.Count));
        var limited = graph.Clip(scaled, graph.Scalar(-StandardisedLimit), graph.Scalar(StandardisedLimit));
        return graph.Cast(limited, ElementType.Float);
    }

    private static OnnxValue AsFloat(GraphBuilder graph, OnnxValue value) =>
        value.Type.Element == ElementType.Float ? value : graph.Cast(value, ElementType.Float);

    private static OnnxValue Join(GraphBuilder graph, List<OnnxValue> values, long axis) =>
        values.Count == 1 ? values[0] : graph.Concat(values, axis);
}
