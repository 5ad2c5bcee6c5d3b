using MlSystem.Inference.Tensors;
using MlSystem.Onnx.Protos;

namespace MlSystem.Inference.Runtimes;

/// <summary>
/// Whether the number of rows alone says how much an ONNX model computes. It does not where a dimension other than the rows is free,
/// where a node has a graph of its own (<c>Loop</c>, <c>If</c>, <c>Scan</c>), where values say how large an output is, or where a node is
/// none of the two public sets of operators, of which nothing is known.
/// </summary>
public static class BoundedWork
{
    /// <summary>Larger files are not read for it: their runs are seldom short.</summary>
    private const long LargestFile = 64 << 20;

    private static readonly HashSet<string> Domains = new(["", "ai.onnx", "ai.onnx.ml"], StringComparer.Ordinal);

    private static readonly HashSet<string> SizedByValues = new(
        [
            "AffineGrid", "CenterCropPad", "Col2Im", "ConstantOfShape", "Expand", "MaxUnpool", "NonMaxSuppression", "OneHot", "Pad", "RandomNormal", "RandomUniform", "Range", "RegexFullMatch", "Resize",
            "SplitToSequence", "STFT", "StringSplit", "Tile", "Upsample",
        ],
        StringComparer.Ordinal);

    /// <param name="file">The model.</param>
    public static bool Has(string file, IReadOnlyList<TensorInfo> inputs)
    {
        if (new FileInfo(file).Length > LargestFile || inputs.Any(input => input.Shape.Skip(1).Any(dimension => dimension < 0)))
        {
            return false;
        }

        using var stream = File.OpenRead(file);
        return Has(ModelProto.Parser.ParseFrom(stream));
    }

    /// <summary>What its nodes say; its inputs are not looked at.</summary>
    public static bool Has(ModelProto model) => model.Graph.Node.All(node =>
        Domains.Contains(node.Domain) && !SizedByValues.Contains(node.OpType) && node.Attribute.All(attribute => attribute.G is null && attribute.Graphs.Count == 0));
}
