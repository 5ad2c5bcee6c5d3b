using Microsoft.ML.OnnxRuntime;
using MlSystem.Contracts;
using MlSystem.Onnx;
using MlSystem.Onnx.Protos;

namespace MlSystem.Inference.Tests.Fixture;

/// <summary>Models as <see cref="ModelFolder.Linear"/> that load and warm up, and then fail.</summary>
internal static class FaultyModels
{
    /// <summary>ONNX Runtime fails every run on more than one row: its elements do not fit a constant shape.</summary>
    public static ModelFolder OneRowOnly(float bias)
    {
        var graph = new GraphBuilder("one_row");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        var sum = graph.MatMul(graph.Identity(x), graph.Constant<float>([1, 10, 100], 3, 1));
        graph.Output("prediction", graph.Squeeze(graph.Add(sum, graph.Constant<float>([bias], 1)), 1));
        var model = graph.Build(new OnnxModelInfo());
        var shape = new TensorProto { Name = "one_by_three", DataType = (int)TensorProto.Types.DataType.Int64, Dims = { 2 }, Int64Data = { 1, 3 } };
        model.Proto.Graph.Initializer.Add(shape);
        OfInput(model, "Reshape").Input.Add(shape.Name);
        return Folder(model);
    }

    /// <summary>
    /// Works for some runs, then fails every run on any rows, or loops for ever: it draws a random number a run and goes on as long as
    /// that is among the first ones of its seed.
    /// </summary>
    public static ModelFolder Worn(float bias, bool hangs = false)
    {
        var graph = new GraphBuilder("worn");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        var distance = graph.Sub(Draw(graph), graph.Constant<float>(FirstDraws, FirstDraws.Length));
        var hits = graph.ReduceSum(graph.Cast(graph.Less(graph.Mul(distance, distance), graph.Scalar(1e-16f)), ElementType.Float), [0], keepDims: true);
        var worn = graph.Sub(graph.Constant<float>([1], 1), graph.Clip(hits, graph.Scalar(0f), graph.Scalar(1f)));
        var limit = hangs
            ? graph.Cast(graph.Squeeze(graph.Mul(worn, graph.Constant<float>([1e15f], 1)), 0), ElementType.Int64)
            : graph.Cast(graph.Add(graph.Constant<float>([-1, 3], 2), graph.Mul(worn, graph.Constant<float>([0, 1], 2))), ElementType.Int64);
        var sum = graph.MatMul(graph.Identity(x), graph.Constant<float>([1, 10, 100], 3, 1));
        graph.Output("prediction", graph.Squeeze(graph.Add(sum, graph.Constant<float>([bias], 1)), 1));
        var model = Seeded(graph);
        if (hangs)
        {
            Loop(model, limit.Name);
        }
        else
        {
            OfInput(model, "Reshape").Input.Add(limit.Name);
        }

        return Folder(model);
    }

    /// <summary>Loops as often as the sum of its inputs says, which changes nothing: large inputs take for ever.</summary>
    public static ModelFolder Looping(float bias)
    {
        var graph = new GraphBuilder("looping");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        var rounds = graph.Cast(graph.ReduceSum(x, [0, 1]), ElementType.Int64);
        var sum = graph.MatMul(graph.Identity(x), graph.Constant<float>([1, 10, 100], 3, 1));
        graph.Output("prediction", graph.Squeeze(graph.Add(sum, graph.Constant<float>([bias], 1)), 1));
        var model = graph.Build(new OnnxModelInfo());
        Loop(model, rounds.Name);
        return Folder(model);
    }

    /// <summary>Runs that <see cref="Worn"/> works for: more than those of its loading.</summary>
    private const int GoodRuns = 60;

    private static readonly float[] FirstDraws = ReadDraws();

    private static float[] ReadDraws()
    {
        var graph = new GraphBuilder("draws");
        graph.Output("draw", Draw(graph));
        using var session = new InferenceSession(Seeded(graph).ToBytes());
        return [.. Enumerable.Range(0, GoodRuns).Select(_ =>
        {
            using var results = session.Run([]);
            return results[0].AsTensor<float>()[0];
        })];
    }

    private static OnnxValue Draw(GraphBuilder graph) => graph.Identity(graph.Constant<float>([-1], 1));

    /// <summary>Makes the draw what it is called: the builder has no random operators.</summary>
    private static OnnxModel Seeded(GraphBuilder graph)
    {
        var model = graph.Build(new OnnxModelInfo());
        var node = model.Proto.Graph.Node.First(node => node.OpType == "Identity");
        node.OpType = "RandomUniform";
        node.Input.Clear();
        node.Attribute.Add(new AttributeProto { Name = "shape", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1 } });
        node.Attribute.Add(new AttributeProto { Name = "seed", Type = AttributeProto.Types.AttributeType.Float, F = 7 });
        return model;
    }

    /// <summary>Turns the first node, which hands the input on, into one that may fail.</summary>
    private static NodeProto OfInput(OnnxModel model, string operation)
    {
        var node = model.Proto.Graph.Node.Single(node => node.OpType == "Identity" && node.Input.FirstOrDefault() == "x");
        node.OpType = operation;
        return node;
    }

    private static void Loop(OnnxModel model, string rounds)
    {
        var node = OfInput(model, "Loop");
        node.Input.Clear();
        node.Input.Add([rounds, "", "x"]);
        node.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = Body() });
    }

    private static GraphProto Body()
    {
        var body = new GraphProto { Name = "body" };
        TensorShapeProto.Types.Dimension[] rows = [new() { DimParam = "rows" }, new() { DimValue = 3 }];
        body.Input.Add([Value("round", ElementType.Int64), Value("again", ElementType.Bool), Value("carried", ElementType.Float, rows)]);
        body.Node.Add(new NodeProto { OpType = "Identity", Input = { "again" }, Output = { "again_out" } });
        body.Node.Add(new NodeProto { OpType = "Identity", Input = { "carried" }, Output = { "carried_out" } });
        body.Output.Add([Value("again_out", ElementType.Bool), Value("carried_out", ElementType.Float, rows)]);
        return body;
    }

    private static ValueInfoProto Value(string name, ElementType element, params TensorShapeProto.Types.Dimension[] shape) =>
        new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)element, Shape = new TensorShapeProto { Dim = { shape } } } } };

    private static ModelFolder Folder(OnnxModel model) => ModelFolder.Of(
        model, ModelFolder.Signature(ModelTask.Regression, [ModelFolder.Spec("x", "FP32", -1, 3)], [ModelFolder.Spec("prediction", "FP32", -1)]));
}
