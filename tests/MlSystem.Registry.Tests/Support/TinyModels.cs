using Google.Protobuf;
using MlSystem.Onnx.Protos;

namespace MlSystem.Registry.Tests.Support;

/// <summary>Small ONNX models, good and bad.</summary>
public static class TinyModels
{
    public const string IdentitySignature =
        """{"task":"custom","inputs":[{"name":"x","datatype":"FP32","shape":[-1,1],"nullable":true}],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,1]}]}""";

    public static byte[] Identity()
    {
        var graph = Graph();
        graph.Node.Add(Node("Identity", ["x"], "y"));
        return Model(graph);
    }

    /// <summary>Loads, and never ends when it predicts: a loop of 2^62 turns.</summary>
    public static byte[] Endless()
    {
        var body = new GraphProto { Name = "body" };
        body.Input.AddRange([Value("i", TensorProto.Types.DataType.Int64), Value("c", TensorProto.Types.DataType.Bool), Value("v", TensorProto.Types.DataType.Float, null, 1)]);
        body.Node.AddRange([Node("Identity", ["c"], "c_out"), Node("Sin", ["v"], "v_out")]);
        body.Output.AddRange([Value("c_out", TensorProto.Types.DataType.Bool), Value("v_out", TensorProto.Types.DataType.Float, null, 1)]);
        var graph = Graph();
        graph.Initializer.Add(new TensorProto { Name = "turns", DataType = (int)TensorProto.Types.DataType.Int64, Int64Data = { 1L << 62 } });
        graph.Initializer.Add(new TensorProto { Name = "go", DataType = (int)TensorProto.Types.DataType.Bool, Int32Data = { 1 } });
        var loop = Node("Loop", ["turns", "go", "x"], "y");
        loop.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        graph.Node.Add(loop);
        return Model(graph);
    }

    /// <summary>Needs 1.2 GB to predict.</summary>
    public static byte[] Hungry()
    {
        var graph = Graph();
        graph.Initializer.Add(new TensorProto { Name = "shape", DataType = (int)TensorProto.Types.DataType.Int64, Dims = { 1 }, Int64Data = { 300_000_000 } });
        graph.Node.AddRange([Node("Expand", ["x", "shape"], "big"), Node("Sin", ["big"], "sin"), Node("ReduceMax", ["sin"], "max"), Node("Add", ["x", "max"], "y")]);
        return Model(graph);
    }

    /// <summary>Gives a sequence y, or a map z as classifiers exported with ZipMap do: a sequence of maps.</summary>
    public static byte[] Sequence(bool ofMaps)
    {
        var graph = Graph();
        graph.Output.Clear();
        var tensor = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float } };
        if (ofMaps)
        {
            var zip = Node("ZipMap", ["x"], "z");
            zip.Domain = "ai.onnx.ml";
            zip.Attribute.Add(new AttributeProto { Name = "classlabels_strings", Type = AttributeProto.Types.AttributeType.Strings, Strings = { ByteString.CopyFromUtf8("a") } });
            graph.Node.Add(zip);
            var map = new TypeProto { MapType = new TypeProto.Types.Map { KeyType = (int)TensorProto.Types.DataType.String, ValueType = tensor } };
            graph.Output.Add(new ValueInfoProto { Name = "z", Type = new TypeProto { SequenceType = new TypeProto.Types.Sequence { ElemType = map } } });
        }
        else
        {
            graph.Node.Add(Node("SequenceConstruct", ["x"], "y"));
            graph.Output.Add(new ValueInfoProto { Name = "y", Type = new TypeProto { SequenceType = new TypeProto.Types.Sequence { ElemType = tensor } } });
        }

        return Model(graph);
    }

    private static GraphProto Graph()
    {
        var graph = new GraphProto { Name = "test" };
        graph.Input.Add(Value("x", TensorProto.Types.DataType.Float, null, 1));
        graph.Output.Add(Value("y", TensorProto.Types.DataType.Float, null, 1));
        return graph;
    }

    private static byte[] Model(GraphProto graph)
    {
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return model.ToByteArray();
    }

    private static NodeProto Node(string type, string[] inputs, string output) => new() { OpType = type, Input = { inputs }, Output = { output } };

    private static ValueInfoProto Value(string name, TensorProto.Types.DataType type, params long?[] dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange(dims.Select(d => d is { } fixedDim ? new TensorShapeProto.Types.Dimension { DimValue = fixedDim } : new TensorShapeProto.Types.Dimension { DimParam = "N" }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
    }
}
