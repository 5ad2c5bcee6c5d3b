using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>
/// Builds one ONNX graph. Every operator method checks element types and shapes at once, so a mistake is
/// reported where it is made and not when a runtime loads the model. Nodes are named <c>{operator}_{n}</c>
/// in the order of the calls: the same calls give the same bytes.
/// </summary>
/// <remarks>Not safe for several threads. Operators: ONNX opset 17, <c>ai.onnx.ml</c> opset 3 (onnx.ai/onnx/operators).</remarks>
public sealed partial class GraphBuilder
{
    /// <summary>Operator set that the graphs are written in.</summary>
    public const int Opset = 17;

    /// <summary>Operator set of the domain <c>ai.onnx.ml</c>.</summary>
    public const int MlOpset = 3;

    internal const string MlDomain = "ai.onnx.ml";

    private readonly GraphProto _graph;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _counters = new(StringComparer.Ordinal);
    private bool _usesMl;
    private bool _usesMicrosoft;

    public GraphBuilder(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _graph = new GraphProto { Name = name };
    }

    /// <summary>Declares an input of the model.</summary>
    /// <exception cref="OnnxGraphException">The name is taken.</exception>
    public OnnxValue Input(string name, TensorType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        var value = Declare(name, type, $"input '{name}'");
        _graph.Input.Add(TypeProtos.ValueInfo(name, type));
        return value;
    }

    /// <summary>Makes <paramref name="value"/> an output of the model under the given name.</summary>
    /// <exception cref="OnnxGraphException">The name is taken or the value is of another graph.</exception>
    public OnnxValue Output(string name, OnnxValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var node = Node("Identity", [value], name: $"output_{name}");
        var output = node.Emit(value.Type, name);
        _graph.Output.Add(TypeProtos.ValueInfo(name, value.Type));
        return output;
    }

    /// <summary>A constant of the given shape (default: a vector of all elements), row-major.</summary>
    /// <exception cref="OnnxGraphException">The shape holds another number of elements.</exception>
    public OnnxValue Constant<T>(ReadOnlySpan<T> data, params IReadOnlyList<long> shape)
        where T : unmanaged
    {
        var dims = ConstantDims(data.Length, shape);
        return Initializer(TensorData.Create(data, dims));
    }

    /// <summary>A constant of strings; see <see cref="Constant{T}(ReadOnlySpan{T}, IReadOnlyList{long})"/>.</summary>
    public OnnxValue Constant(IReadOnlyList<string> data, params IReadOnlyList<long> shape)
    {
        ArgumentNullException.ThrowIfNull(data);
        return Initializer(TensorData.Create(data, ConstantDims(data.Count, shape)));
    }

    /// <summary>A constant of rank 0.</summary>
    public OnnxValue Scalar<T>(T value)
        where T : unmanaged => Initializer(TensorData.Create<T>([value], []));

    /// <summary>The finished model.</summary>
    /// <param name="metadata">Named facts about the model, written in ordinal order of their keys.</param>
    /// <exception cref="OnnxGraphException">The graph has no outputs.</exception>
    public OnnxModel Build(OnnxModelInfo info, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(info);
        if (_graph.Output.Count == 0)
        {
            throw new OnnxGraphException($"Graph '{_graph.Name}' has no outputs.");
        }

        var model = new ModelProto
        {
            IrVersion = OnnxModel.IrVersion,
            ProducerName = info.Producer,
            ProducerVersion = info.ProducerVersion,
            Domain = info.Domain,
            ModelVersion = info.ModelVersion,
            DocString = info.Description,
            Graph = _graph.Clone(),
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = Opset });
        if (_usesMl)
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = MlDomain, Version = MlOpset });
        }

        if (_usesMicrosoft)
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = MicrosoftDomain, Version = 1 });
        }

        foreach (var (key, value) in (metadata ?? new Dictionary<string, string>(StringComparer.Ordinal)).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        return new OnnxModel(model);
    }

    private static IReadOnlyList<long> ConstantDims(int count, IReadOnlyList<long> shape)
    {
        var dims = shape.Count == 0 ? [count] : shape;
        var expected = dims.Aggregate(1L, (product, dim) => product * dim);
        return expected == count
            ? dims
            : throw new OnnxGraphException($"Constant of shape [{string.Join(", ", dims)}] needs {expected} elements, got {count}.");
    }

    private OnnxValue Initializer(TensorProto tensor)
    {
        tensor.Name = FreshName("constant");
        var type = new TensorType((ElementType)tensor.DataType, [.. tensor.Dims.Select(Dimension.FromInt64)]);
        _graph.Initializer.Add(tensor);
        return Declare(tensor.Name, type, "constant");
    }

    private string FreshName(string stem)
    {
        while (true)
        {
            var count = _counters.GetValueOrDefault(stem);
            _counters[stem] = count + 1;
            var name = $"{stem}_{count}";
            if (!_names.Contains(name))
            {
                return name;
            }
        }
    }

    private OnnxValue Declare(string name, TensorType type, string what)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw new OnnxGraphException($"The name of {what} is empty.");
        }

        return _names.Add(name)
            ? new OnnxValue(this, name, type)
            : throw new OnnxGraphException($"The name '{name}' of {what} is already taken in graph '{_graph.Name}'.");
    }
}
