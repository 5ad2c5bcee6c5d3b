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
        var node = model.Proto.Graph.Node.Single(node => node.OpType == "Identity" && node.Input[0] == "x");
        node.OpType = "Reshape";
        node.Input.Add(shape.Name);
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
        var node = model.Proto.Graph.Node.Single(node => node.OpType == "Identity" && node.Input[0] == "x");
        node.OpType = "Loop";
        node.Input.Clear();
        node.Input.Add([rounds.Name, "", x.Name]);
        node.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = Body() });
        return Folder(model);
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
