using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Graphs.Conditions;

namespace MlSystem.Graphs.Planning;

/// <summary>Walks a graph from its root, with the tensors that arrive at each node, and resolves every name.</summary>
/// <param name="inferring">Whether the graph's inputs are not known yet: conditions are then not checked.</param>
internal sealed class Planner(EnsembleSpec spec, Func<GraphMember, ModelSignature?> member, List<string> problems, bool inferring = false)
{
    // A node that several steps name is planned for each of them: this bounds how far a graph unfolds.
    private const int MaxPlannedSteps = 1_000;
    private int _planned;

    /// <summary>The inputs that the members take and no step gives.</summary>
    public IReadOnlyList<TensorSpec> InferInputs()
    {
        var open = Scope.Open();
        new Planner(spec, member, [], inferring: true).Plan(spec.Root, open);
        return [.. open.Tensors];
    }

    /// <summary>Null where a problem keeps it from having outputs.</summary>
    public PlanNode? Plan(string name, Scope request)
    {
        var node = spec.Nodes[name];
        var steps = new List<PlanStep>();
        Scope? response = null;
        foreach (var step in node.Steps)
        {
            if (Step(name, NodeRules.NameOf(step), step, request, response, responseFirst: step.Data == GraphData.Response) is { } planned)
            {
                steps.Add(planned);
                response = node.RouterType == GraphRouter.Sequence ? new Scope(planned.Outputs) : null;
            }
            else if (node.RouterType == GraphRouter.Sequence)
            {
                return null;
            }
        }

        if (steps.Count < node.Steps.Count)
        {
            return null;
        }

        return node.RouterType switch
        {
            GraphRouter.Sequence => new PlanNode { Name = name, RouterType = node.RouterType, Steps = steps, Outputs = steps[^1].Outputs },
            GraphRouter.Ensemble => Ensemble(name, node, steps, request),
            _ => Branches(name, node, steps, request),
        };
    }

    private PlanStep? Step(string node, string name, GraphStep step, Scope request, Scope? response, bool responseFirst)
    {
        var where = $"node '{node}', step '{name}'";
        if (++_planned > MaxPlannedSteps)
        {
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"{where}: the graph unfolds to more than {MaxPlannedSteps} steps"));
            return null;
        }

        var found = problems.Count;
        var sources = new StepSources(where, step, request, response, responseFirst, problems);
        var condition = step.Condition is null ? null : Condition.Parse(step.Condition);
        problems.AddRange((inferring ? [] : condition?.Problems(request.Find) ?? []).Select(problem => $"{where}, condition: {problem}"));
        var (target, inputs) = step.Node is null ? Version(new GraphMember(step.Model!, step.Version!.Value), sources) : Node(step.Node, sources);
        if (target is null || problems.Count > found)
        {
            return null;
        }

        var renames = step.Outputs ?? target.Outputs.ToDictionary(output => output.Name, output => output.Name, StringComparer.Ordinal);
        var outputs = Outputs(where, target, renames);
        return new PlanStep
        {
            Name = name,
            Target = target,
            Inputs = inputs,
            Whole = responseFirst,
            Renames = renames,
            Outputs = outputs,
            Condition = condition,
            Weight = step.Weight ?? 1,
        };
    }

    private (PlanTarget? Target, IReadOnlyDictionary<string, TensorSource> Inputs) Version(GraphMember version, StepSources sources)
    {
        if (member(version) is not { } signature)
        {
            return (null, sources.None);
        }

        return (new PlanMember { Version = version, Outputs = signature.Outputs }, sources.ForInputs(version, signature.Inputs));
    }

    private (PlanTarget? Target, IReadOnlyDictionary<string, TensorSource> Inputs) Node(string name, StepSources sources)
    {
        var (scope, inputs) = sources.ForNode();
        return (scope is null ? null : Plan(name, scope), inputs);
    }

    private List<TensorSpec> Outputs(string where, PlanTarget target, IReadOnlyDictionary<string, string> renames)
    {
        var outputs = new List<TensorSpec>();
        foreach (var (name, source) in renames)
        {
            var output = target.Outputs.FirstOrDefault(output => output.Name == source);
            if (output is null)
            {
                problems.Add($"{where}: there is no output '{source}'; there are {string.Join(", ", target.Outputs.Select(o => o.Name))}");
            }
            else
            {
                outputs.Add(output with { Name = name });
            }
        }

        return outputs;
    }

    private PlanNode Branches(string name, GraphNode node, List<PlanStep> steps, Scope request)
    {
        var common = steps[0].Outputs.Where(output => steps.TrueForAll(step => step.Outputs.Any(other => other.Name == output.Name))).ToList();
        if (common.Count == 0)
        {
            problems.Add($"node '{name}': its steps have no output in common ({string.Join("; ", steps.Select(step => $"{step.Name}: {string.Join(", ", step.Outputs.Select(o => o.Name))}"))}); rename them with 'outputs'");
        }

        foreach (var (output, step, other) in common.SelectMany(output => steps.Select(step => (output, step, step.Outputs.First(o => o.Name == output.Name)))))
        {
            if (output.Datatype != other.Datatype || !TensorFit.SameRows(output.Shape, other.Shape))
            {
                problems.Add($"node '{name}', step '{step.Name}': output '{output.Name}' is {other.Datatype} {TensorFit.Text(other.Shape)}, in step '{steps[0].Name}' {output.Datatype} {TensorFit.Text(output.Shape)}");
            }
        }

        var perRow = common.TrueForAll(TensorFit.HasRows) && request.Tensors.All(TensorFit.HasRows);
        return new PlanNode { Name = name, RouterType = node.RouterType, Steps = steps, Outputs = common, PerRow = perRow };
    }

    private PlanNode? Ensemble(string name, GraphNode node, List<PlanStep> steps, Scope request)
    {
        var (combination, outputs) = node.Combine == GraphCombine.Stack
            ? Stack(name, node.Meta!, steps, request)
            : new Combiner(name, node, steps, problems).Combine();
        return combination is null ? null : new PlanNode
        {
            Name = name,
            RouterType = node.RouterType,
            Steps = steps,
            Outputs = outputs,
            Combination = combination,
            Drops = node.OnFailure == GraphFailure.Drop,
            MinMembers = node.MinMembers,
        };
    }

    private (Combination? Combination, IReadOnlyList<TensorSpec> Outputs) Stack(string name, GraphStep meta, List<PlanStep> steps, Scope request)
    {
        var merged = new Scope(Combiner.Merged(steps));
        return Step(name, "meta", meta, request, merged, responseFirst: true) is { } planned
            ? (new Combination { Kind = GraphCombine.Stack, Meta = planned }, planned.Outputs)
            : (null, []);
    }
}
