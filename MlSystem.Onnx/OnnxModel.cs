using Google.Protobuf;
using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>Who made a model and what it is.</summary>
public sealed record OnnxModelInfo
{
    public string Producer { get; init; } = "MlSystem";

    public string ProducerVersion { get; init; } = "";

    /// <summary>Reverse domain name of the model's owner.</summary>
    public string Domain { get; init; } = "";

    public long ModelVersion { get; init; }

    public string Description { get; init; } = "";
}

/// <summary>A complete ONNX model.</summary>
public sealed class OnnxModel
{
    /// <summary>Version of the file format that is written; what ONNX Runtime 1.13 and later read.</summary>
    public const long IrVersion = 8;

    public OnnxModel(ModelProto proto) => Proto = proto;

    /// <summary>The stored form.</summary>
    public ModelProto Proto { get; }

    public OnnxModelInfo Info => new()
    {
        Producer = Proto.ProducerName,
        ProducerVersion = Proto.ProducerVersion,
        Domain = Proto.Domain,
        ModelVersion = Proto.ModelVersion,
        Description = Proto.DocString,
    };

    /// <summary>Inputs that a caller gives (initializers with the name of an input are left out), in the model's order.</summary>
    public IReadOnlyList<OnnxPort> Inputs =>
        [.. Ports(Proto.Graph.Input.Where(i => Proto.Graph.Initializer.All(t => t.Name != i.Name)))];

    public IReadOnlyList<OnnxPort> Outputs => [.. Ports(Proto.Graph.Output)];

    public IReadOnlyDictionary<string, string> Metadata =>
        Proto.MetadataProps.GroupBy(p => p.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Value, StringComparer.Ordinal);

    /// <summary>Reads a model file of any producer.</summary>
    /// <exception cref="OnnxGraphException">The bytes are no ONNX model.</exception>
    public static OnnxModel Parse(ReadOnlySpan<byte> bytes)
    {
        ModelProto proto;
        try
        {
            proto = ModelProto.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new OnnxGraphException($"Not an ONNX model: {error.Message}");
        }

        return proto.Graph is null || proto.IrVersion <= 0
            ? throw new OnnxGraphException("Not an ONNX model: it has no graph or no IR version.")
            : new OnnxModel(proto);
    }

    /// <summary>The file's content; equal models give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Proto.CalculateSize()];
        using var output = new CodedOutputStream(bytes) { Deterministic = true };
        Proto.WriteTo(output);
        output.CheckNoSpaceLeft();
        return bytes;
    }

    private static IEnumerable<OnnxPort> Ports(IEnumerable<ValueInfoProto> values) =>
        values.Select(v => new OnnxPort(v.Name, TypeProtos.Read(v)));
}

/// <summary>An input or output; <see cref="Type"/> is null for a sequence, a map or another value that is no tensor.</summary>
public sealed record OnnxPort(string Name, TensorType? Type);
