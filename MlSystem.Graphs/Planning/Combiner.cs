using MlSystem.Contracts;

namespace MlSystem.Graphs.Planning;

/// <summary>Finds out how the outputs of an Ensemble's members become one answer.</summary>
internal sealed class Combiner(string node, GraphNode spec, List<PlanStep> steps, List<string> problems)
{
    public static IEnumerable<TensorSpec> Merged(IEnumerable<PlanStep> steps) =>
        steps.SelectMany(step => step.Outputs.Select(output => output with { Name = $"{step.Name}.{output.Name}" }));

    public (Combination? Combination, IReadOnlyList<TensorSpec> Outputs) Combine() => spec.Combine switch
    {
        GraphCombine.Merge => (new Combination { Kind = GraphCombine.Merge }, [.. Merged(steps)]),
        GraphCombine.HardVote => HardVote(spec.Output ?? StandardOutputs.Label),
        GraphCombine.SoftVote => SoftVote(spec.Output ?? StandardOutputs.Probabilities),
        _ => Mean(spec.Output ?? StandardOutputs.Prediction),
    };

    private (Combination? Combination, IReadOnlyList<TensorSpec> Outputs) HardVote(string name)
    {
        var votes = Members(name);
        Refuse(votes, vote => vote.Datatype is "FP16" or "FP32" or "FP64" ? "it is no label: labels are BYTES, BOOL or whole numbers" : null);
        return problems.Count > 0 ? (null, []) : (new Combination { Kind = GraphCombine.HardVote, Output = name }, [votes[0]]);
    }

    private (Combination? Combination, IReadOnlyList<TensorSpec> Outputs) Mean(string name)
    {
        var values = Members(name);
        Refuse(values, value => value.Datatype is "FP32" or "FP64" ? null : "a mean is taken of FP32 or FP64");
        return problems.Count > 0 ? (null, []) : (new Combination { Kind = GraphCombine.Mean, Output = name }, [values[0]]);
    }

    private (Combination? Combination, IReadOnlyList<TensorSpec> Outputs) SoftVote(string name)
    {
        var values = Members(name);
        Refuse(values, value => value.Datatype is "FP32" or "FP64" && value.Shape is [_, > 0] ? null : "probabilities are FP32 or FP64 of the shape [-1, classes]");
        if (problems.Count > 0)
        {
            return (null, []);
        }

        var labels = steps.ConvertAll(step => step.Outputs.FirstOrDefault(output => output.Name == StandardOutputs.Label));
        var classes = labels[0]?.Categories;
        if (labels.Any(label => label?.Categories is null != classes is null))
        {
            problems.Add($"node '{node}': some members tell their classes (the categories of output 'label') and others don't, so their order can't be compared");
            return (null, []);
        }

        return classes is null ? (new Combination { Kind = GraphCombine.SoftVote, Output = name }, [values[0]]) : SoftVote(values[0], labels!, classes);
    }

    private (Combination? Combination, IReadOnlyList<TensorSpec> Outputs) SoftVote(TensorSpec value, List<TensorSpec> labels, IReadOnlyList<string> classes)
    {
        var columns = new List<IReadOnlyList<int>?>();
        for (var i = 0; i < steps.Count; i++)
        {
            var own = labels[i].Categories!.ToList();
            if (own.Count != value.Shape[1] || !own.ToHashSet(StringComparer.Ordinal).SetEquals(classes) || labels[i].Datatype != labels[0].Datatype)
            {
                problems.Add($"node '{node}', step '{steps[i].Name}': its classes are {labels[i].Datatype} {string.Join(", ", own)}, those of step '{steps[0].Name}' {labels[0].Datatype} {string.Join(", ", classes)}");
                return (null, []);
            }

            columns.Add(own.SequenceEqual(classes, StringComparer.Ordinal) ? null : [.. classes.Select(name => own.IndexOf(name))]);
        }

        if (labels[0].Datatype != "BYTES" && !classes.All(c => IsValue(labels[0].Datatype, c)))
        {
            problems.Add($"node '{node}': the label is {labels[0].Datatype}, but its categories are no values of that ({string.Join(", ", classes)})");
            return (null, []);
        }

        var combination = new Combination { Kind = GraphCombine.SoftVote, Output = value.Name, Classes = classes, Columns = columns };
        return (combination, [labels[0] with { Shape = [value.Shape[0]] }, value]);
    }

    private static bool IsValue(string datatype, string category) => datatype == "BOOL"
        ? category is "true" or "false"
        : long.TryParse(category, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out _);

    /// <summary>Each member's tensor of a name; all of one type.</summary>
    private List<TensorSpec> Members(string name)
    {
        var found = new List<TensorSpec>();
        foreach (var step in steps)
        {
            var output = step.Outputs.FirstOrDefault(output => output.Name == name);
            if (output is null)
            {
                problems.Add($"node '{node}', step '{step.Name}': it has no output '{name}' to combine ({string.Join(", ", step.Outputs.Select(o => o.Name))})");
            }
            else if (found.Count > 0 && (output.Datatype != found[0].Datatype || !TensorFit.SameRows(found[0].Shape, output.Shape)))
            {
                problems.Add($"node '{node}', step '{step.Name}': output '{name}' is {output.Datatype} {TensorFit.Text(output.Shape)}, in step '{steps[0].Name}' {found[0].Datatype} {TensorFit.Text(found[0].Shape)}");
            }
            else
            {
                found.Add(output);
            }
        }

        return found;
    }

    private void Refuse(List<TensorSpec> tensors, Func<TensorSpec, string?> problem)
    {
        if (tensors.Count > 0 && problem(tensors[0]) is { } words)
        {
            problems.Add($"node '{node}', combine {spec.Combine}: output '{tensors[0].Name}' is {tensors[0].Datatype} {TensorFit.Text(tensors[0].Shape)}; {words}");
        }
    }
}
