using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>One element of a row of a graph input: of a column [N] or [N, 1] the only one.</summary>
/// <param name="Element">Row-major position among the row's elements, from 0.</param>
public readonly record struct RawElement(string Input, int Element);

/// <summary>Follows a value of a graph back to the elements of the graph's inputs that it is computed from.</summary>
public static class FeatureTrace
{
    /// <summary>For each element of a row of <paramref name="value"/> ([N, F]) the input element that it depends on; null for a constant.</summary>
    /// <exception cref="OnnxGraphException">One depends on several, or an operator on the way is not followed: says which.</exception>
    public static IReadOnlyList<RawElement?> TraceFeatures(this OnnxModel model, string value)
    {
        ArgumentNullException.ThrowIfNull(model);
        var elements = new List<RawElement>();
        var known = new Dictionary<string, Origins>(StringComparer.Ordinal);
        foreach (var input in model.Inputs)
        {
            if (Input(input, elements) is { } origins)
            {
                known[input.Name] = origins;
            }
        }

        var constants = new GraphConstants(model.Proto.Graph);
        var rules = new OriginRules(constants);
        foreach (var node in GraphSlice.Ancestors(model.Proto.Graph, [value]))
        {
            Follow(node, known, constants, rules);
        }

        var found = known.GetValueOrDefault(value) ?? throw new OnnxGraphException($"'{value}' is not computed from inputs of fixed width");
        return found.Rank == 2 && found.HasRows && !found.Ids.Contains(Origins.Several)
            ? [.. found.Ids.Select(id => id == Origins.Nothing ? (RawElement?)null : elements[id])]
            : throw new OnnxGraphException($"'{value}' has features that depend on several columns");
    }

    private static Origins? Input(OnnxPort input, List<RawElement> elements)
    {
        if (input.Type is not { Rank: > 0 } type || type.Shape.Skip(1).Any(d => d.Size is null))
        {
            return null;
        }

        int[] dims = [1, .. type.Shape.Skip(1).Select(d => checked((int)d.Size!.Value))];
        var first = elements.Count;
        elements.AddRange(Enumerable.Range(0, Origins.Count(dims)).Select(element => new RawElement(input.Name, element)));
        return new Origins(dims, [.. Enumerable.Range(first, elements.Count - first)], HasRows: true);
    }

    private static void Follow(NodeProto node, Dictionary<string, Origins> known, GraphConstants constants, OriginRules rules)
    {
        if (node.OpType == "Constant")
        {
            return;
        }

        var inputs = new List<Origins>();
        foreach (var name in node.Input.Where(name => name.Length > 0))
        {
            inputs.Add(known.GetValueOrDefault(name)
                ?? (constants.Find(name) is { } tensor ? Origins.Constant(tensor.Dims) : throw new OnnxGraphException($"{node.OpType} '{node.Name}': the shape of '{name}' is not known")));
        }

        try
        {
            foreach (var (index, origins) in rules.Apply(node, inputs).Index().Take(node.Output.Count))
            {
                known[node.Output[index]] = origins;
            }
        }
        catch (Exception error) when (error is ArgumentException or IndexOutOfRangeException or OverflowException or DivideByZeroException)
        {
            throw new OnnxGraphException($"{node.OpType} '{node.Name}': its shapes can't be followed ({error.Message})");
        }
    }
}
