using System.Runtime.InteropServices;
using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>What turns a raw value into an output's element.</summary>
public enum LinkKind
{
    Identity,

    /// <summary>1 / (1 + exp(-raw)).</summary>
    Logistic,

    /// <summary>The element's share of the exponentials of all elements.</summary>
    Softmax,

    /// <summary>exp(raw).</summary>
    Exponential,
}

/// <summary>An element of an output: link(<paramref name="Scale"/> · score(<paramref name="Score"/>) + <paramref name="Offset"/>).</summary>
/// <param name="Score">Column of the model node's scores.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LinkedScore(int Score, double Scale, double Offset, LinkKind Link)
{
    /// <summary>The value before the link.</summary>
    public double Raw(double score) => (Scale * score) + Offset;
}

/// <summary>Follows scores forward to the model's outputs, as far as each element is a link of an affine function of one score.</summary>
public static class LinkTrace
{
    /// <summary>The outputs that are reached; an output that is not there depends on the scores in another way, or not at all.</summary>
    /// <param name="value">Name of the scores, [N, scores].</param>
    /// <param name="start">What the scores' node itself makes of them.</param>
    public static IReadOnlyDictionary<string, IReadOnlyList<LinkedScore>> TraceScores(this OnnxModel model, string value, IReadOnlyList<LinkedScore> start)
    {
        ArgumentNullException.ThrowIfNull(model);
        var known = new Dictionary<string, IReadOnlyList<LinkedScore>>(StringComparer.Ordinal) { [value] = start };
        var rules = new LinkRules(new GraphConstants(model.Proto.Graph), known);
        foreach (var node in model.Proto.Graph.Node.Where(node => node.Input.Any(known.ContainsKey)))
        {
            rules.Apply(node);
        }

        return model.Outputs.Where(output => known.ContainsKey(output.Name)).ToDictionary(output => output.Name, output => known[output.Name], StringComparer.Ordinal);
    }
}

/// <summary>What an operator does to linked scores.</summary>
internal sealed class LinkRules(GraphConstants constants, Dictionary<string, IReadOnlyList<LinkedScore>> known)
{
    public void Apply(NodeProto node)
    {
        var attributes = new NodeAttributes(node);
        var result = node.OpType switch
        {
            // The elements of a row stay in their order whatever the shape.
            "Identity" or "Cast" or "Squeeze" or "Unsqueeze" or "Flatten" or "Reshape" => known.GetValueOrDefault(node.Input[0]),
            "Neg" => Affine(node.Input[0], s => s with { Scale = -s.Scale, Offset = -s.Offset }),
            "Add" or "Sub" or "Mul" or "Div" => Arithmetic(node),
            "Sigmoid" => Linked(node.Input[0], LinkKind.Logistic),
            "Softmax" when attributes.Integer("axis", -1) is -1 or 1 => Linked(node.Input[0], LinkKind.Softmax),
            "Exp" => Linked(node.Input[0], LinkKind.Exponential),
            "Concat" when attributes.Integer("axis", 0) is 1 or -1 && node.Input.All(known.ContainsKey) => [.. node.Input.SelectMany(name => known[name])],
            "Gather" when attributes.Integer("axis", 0) is 1 or -1 => Pick(node),
            "ArrayFeatureExtractor" => Pick(node),
            _ => null,
        };
        if (result is not null && node.Output.Count == 1)
        {
            known[node.Output[0]] = result;
        }
    }

    private IReadOnlyList<LinkedScore>? Pick(NodeProto node) =>
        known.TryGetValue(node.Input[0], out var scores) && constants.Longs(node.Input[1]) is { } positions && positions.All(p => p >= -scores.Count && p < scores.Count)
            ? [.. positions.Select(p => scores[(int)(p < 0 ? p + scores.Count : p)])]
            : null;

    private IReadOnlyList<LinkedScore>? Linked(string name, LinkKind link) => Affine(name, s => s with { Link = link });

    private IReadOnlyList<LinkedScore>? Affine(string name, Func<LinkedScore, LinkedScore> change) =>
        known.TryGetValue(name, out var scores) && scores.All(s => s.Link == LinkKind.Identity) ? [.. scores.Select(change)] : null;

    private IReadOnlyList<LinkedScore>? Arithmetic(NodeProto node)
    {
        var left = known.ContainsKey(node.Input[0]);
        var scores = known[node.Input[left ? 0 : 1]];
        if (constants.Doubles(node.Input[left ? 1 : 0]) is not { } values || (values.Length != 1 && values.Length != scores.Count))
        {
            return null;
        }

        var results = scores.Select((score, i) => Arithmetic(node.OpType, score, values[values.Length == 1 ? 0 : i], left)).ToList();
        return results.Contains(null) ? null : [.. results.Select(r => r!.Value)];
    }

    private static LinkedScore? Arithmetic(string operation, LinkedScore score, double value, bool scoreIsLeft)
    {
        if (score.Link == LinkKind.Logistic)
        {
            // The other class' probability.
            return operation == "Sub" && !scoreIsLeft && value == 1 ? score with { Scale = -score.Scale, Offset = -score.Offset } : null;
        }

        return (operation, scoreIsLeft) switch
        {
            _ when score.Link != LinkKind.Identity => null,
            ("Add", _) => score with { Offset = score.Offset + value },
            ("Sub", true) => score with { Offset = score.Offset - value },
            ("Sub", false) => score with { Scale = -score.Scale, Offset = value - score.Offset },
            ("Mul", _) => score with { Scale = score.Scale * value, Offset = score.Offset * value },
            ("Div", true) when value != 0 => score with { Scale = score.Scale / value, Offset = score.Offset / value },
            _ => null,
        };
    }
}
