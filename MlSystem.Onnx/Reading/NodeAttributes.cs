using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>A node's attributes by name; an absent list is empty.</summary>
internal sealed class NodeAttributes(NodeProto node)
{
    private readonly Dictionary<string, AttributeProto> _attributes = node.Attribute
        .GroupBy(a => a.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last(), StringComparer.Ordinal);

    public IReadOnlyList<long> Integers(string name) => Find(name)?.Ints ?? [];

    public IReadOnlyList<string> Texts(string name) => [.. (Find(name)?.Strings ?? []).Select(s => s.ToStringUtf8())];

    public long Integer(string name, long fallback) => Find(name)?.I ?? fallback;

    public float Number(string name, float fallback) => Find(name)?.F ?? fallback;

    public string Text(string name, string fallback) => Find(name)?.S.ToStringUtf8() ?? fallback;

    /// <summary>Numbers that stand either as floats or, with the suffix <c>_as_tensor</c>, in a tensor.</summary>
    public IReadOnlyList<double> Numbers(string name) => Find($"{name}_as_tensor")?.T is { } tensor
        ? TensorData.ReadDoubles(tensor)
        : [.. (Find(name)?.Floats ?? []).Select(v => (double)v)];

    /// <summary>Numbers that stand in a tensor; none where it is absent.</summary>
    public double[] Tensor(string name) => Find(name)?.T is { } tensor ? TensorData.ReadDoubles(tensor) : [];

    /// <summary>Bytes that stand in a tensor; none where it is absent.</summary>
    public byte[] Bytes(string name) => Find(name)?.T is not { } tensor ? []
        : tensor.RawData.Length > 0 ? tensor.RawData.ToByteArray() : [.. tensor.Int32Data.Select(value => (byte)Math.Clamp(value, byte.MinValue, byte.MaxValue))];

    public OnnxGraphException Error(string problem) => new($"{node.OpType} '{node.Name}': {problem}.");

    private AttributeProto? Find(string name) => _attributes.GetValueOrDefault(name);
}
