using MlSystem.Onnx;

namespace MlSystem.BenchModels;

/// <summary>Models of dense layers.</summary>
public static class DenseModels
{
    /// <summary>Logistic regression: x FP32 [N, 20] → probability FP32 [N, 1].</summary>
    public static BenchModel Lr()
    {
        const int Features = 20;
        var graph = new GraphBuilder("lr");
        var random = new Random(20);
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, Features));
        graph.Output("probability", graph.Sigmoid(Layer(graph, random, x, Features, 1)));
        return BenchModel.Of("lr", graph, [BenchModel.Spec("x", "FP32", -1, Features)], [BenchModel.Spec("probability", "FP32", -1, 1)]);
    }

    /// <summary>Multi-layer perceptron 128-256-256-10: x FP32 [N, 128] → probabilities FP32 [N, 10].</summary>
    public static BenchModel Mlp()
    {
        const int Features = 128;
        const int Hidden = 256;
        const int Classes = 10;
        var graph = new GraphBuilder("mlp");
        var random = new Random(128);
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, Features));
        var first = graph.Relu(Layer(graph, random, x, Features, Hidden));
        var second = graph.Relu(Layer(graph, random, first, Hidden, Hidden));
        graph.Output("probabilities", graph.Softmax(Layer(graph, random, second, Hidden, Classes)));
        return BenchModel.Of("mlp", graph, [BenchModel.Spec("x", "FP32", -1, Features)], [BenchModel.Spec("probabilities", "FP32", -1, Classes)]);
    }

    private static OnnxValue Layer(GraphBuilder graph, Random random, OnnxValue x, int inputs, int outputs) =>
        graph.Gemm(x, graph.Constant<float>(Weights.Of(random, inputs * outputs, 1 / MathF.Sqrt(inputs)), inputs, outputs), graph.Constant<float>(Weights.Of(random, outputs, 0.1f), outputs));
}
