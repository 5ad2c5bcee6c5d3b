using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace MlSystem.Onnx.Tests;

/// <summary>Runs graphs in ONNX Runtime, which is the judge of what is written.</summary>
internal static class Runtime
{
    /// <summary>Values and dimensions of each output.</summary>
    public static Dictionary<string, (object[] Values, int[] Shape)> Run(OnnxModel model, params NamedOnnxValue[] inputs)
    {
        using var session = new InferenceSession(model.ToBytes());
        using var results = session.Run(inputs);
        return results.ToDictionary(r => r.Name, Read);
    }

    /// <summary>Builds a graph of one input and runs it.</summary>
    public static (object[] Values, int[] Shape, TensorType Declared) Run<T>(T[] data, int[] shape, Func<GraphBuilder, OnnxValue, OnnxValue> build)
    {
        var graph = new GraphBuilder("test");
        var element = typeof(T) == typeof(string) ? ElementType.String : typeof(T) == typeof(float) ? ElementType.Float : typeof(T) == typeof(double) ? ElementType.Double : typeof(T) == typeof(bool) ? ElementType.Bool : ElementType.Int64;
        var x = graph.Input("x", new TensorType(element, [Dimension.Batch, .. shape.Skip(1).Select(d => (Dimension)d)]));
        var y = graph.Output("y", build(graph, x));
        var (values, actual) = Run(graph.Build(new OnnxModelInfo()), Tensor("x", data, shape))["y"];
        return (values, actual, y.Type);
    }

    public static NamedOnnxValue Tensor<T>(string name, T[] data, params int[] shape) =>
        NamedOnnxValue.CreateFromTensor(name, new DenseTensor<T>(data, shape));

    public static float[] Floats(object[] values) => [.. values.Cast<float>()];

    private static (object[] Values, int[] Shape) Read(DisposableNamedOnnxValue value) => value.ElementType switch
    {
        TensorElementType.Float => Read(value.AsTensor<float>()),
        TensorElementType.Double => Read(value.AsTensor<double>()),
        TensorElementType.Int64 => Read(value.AsTensor<long>()),
        TensorElementType.Bool => Read(value.AsTensor<bool>()),
        _ => Read(value.AsTensor<string>()),
    };

    private static (object[] Values, int[] Shape) Read<T>(Tensor<T> tensor) =>
        ([.. tensor.ToArray().Select(v => (object)v!)], tensor.Dimensions.ToArray());
}
