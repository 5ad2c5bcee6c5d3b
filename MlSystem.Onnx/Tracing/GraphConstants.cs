using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>The constants of a graph by name: initializers and <c>Constant</c> nodes.</summary>
internal sealed class GraphConstants
{
    private readonly Dictionary<string, TensorProto> _tensors;

    public GraphConstants(GraphProto graph)
    {
        _tensors = graph.Initializer.GroupBy(t => t.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last(), StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => node.OpType == "Constant" && node.Output.Count == 1))
        {
            if (Value(node) is { } tensor)
            {
                _tensors[node.Output[0]] = tensor;
            }
        }
    }

    public TensorProto? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>The elements of a constant of whole numbers; null when the value is no constant.</summary>
    public long[]? Longs(string name) => Find(name) is { } tensor ? TensorData.ReadLongs(tensor) : null;

    /// <summary>The elements of a Float or Double constant; null when the value is none.</summary>
    public double[]? Doubles(string name) =>
        Find(name) is { } tensor && (ElementType)tensor.DataType is ElementType.Float or ElementType.Double ? TensorData.ReadDoubles(tensor) : null;

    private static TensorProto? Value(NodeProto node)
    {
        var attributes = new NodeAttributes(node);
        return node.Attribute.FirstOrDefault()?.Name switch
        {
            "value" => node.Attribute[0].T,
            "value_int" => TensorData.Create<long>([attributes.Integer("value_int", 0)], []),
            "value_ints" => TensorData.Create<long>([.. attributes.Integers("value_ints")], [attributes.Integers("value_ints").Count]),
            "value_float" => TensorData.Create<float>([attributes.Number("value_float", 0)], []),
            "value_floats" => TensorData.Create<double>([.. attributes.Numbers("value_floats")], [attributes.Numbers("value_floats").Count]),
            _ => null,
        };
    }
}
