using MlSystem.Contracts;
using MlSystem.Graphs;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Graphs;

/// <summary>Runs all members at once and makes one answer of theirs.</summary>
internal static class EnsembleNode
{
    public static async Task<TensorScope> RunAsync(GraphRun run, PlanNode node, TensorScope tensors, Deadline deadline)
    {
        var branches = node.Steps.Select<PlanStep, Func<Deadline, Task<TensorScope>>>(step => inner => run.StepAsync(node.Name, step, tensors, response: null, inner)).ToList();
        var results = await Branches.RunAsync(branches, stopAtFirst: !node.Drops, deadline);
        var members = Left(run, node, results, deadline);
        var combination = node.Combination!;
        switch (combination.Kind)
        {
            case GraphCombine.Merge:
                return Merged(node, results);
            case GraphCombine.Stack:
                return await run.StepAsync(node.Name, combination.Meta!, tensors, Merged(node, results), deadline);
            case GraphCombine.HardVote:
                return new TensorScope { [combination.Output] = run.Own(Combining.HardVote(combination, members)) };
            case GraphCombine.SoftVote:
                return Combining.SoftVote(run, combination, members);
            default:
                return new TensorScope { [combination.Output] = run.Own(Combining.Mean(combination, members)) };
        }
    }

    /// <summary>The members that answered. A failed one is left out where the node says so and enough are left.</summary>
    private static List<Member> Left(GraphRun run, PlanNode node, IReadOnlyList<BranchResult> results, Deadline deadline)
    {
        deadline.Check();
        var left = new List<Member>();
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].Outputs is { } outputs)
            {
                left.Add(new Member(i, node.Steps[i].Weight, outputs));
            }
            else
            {
                run.Drop(node.Name, node.Steps[i]);
                run.Graph.Metrics.CountDropped(run.Graph.Key, node.Name, node.Steps[i]);
            }
        }

        var first = results.FirstOrDefault(result => result.Error is not null).Error;
        return first is not null && left.Count < node.MinMembers
            ? throw new InferenceException(first.Fault.Kind, $"{left.Count} of {results.Count} members of node '{node.Name}' answered, {node.MinMembers} must; {first.Fault.Message}", first)
            : first is not null && left.Sum(member => member.Weight) <= 0
                ? throw new InferenceException(first.Fault.Kind, $"no member of node '{node.Name}' with a weight above 0 answered; {first.Fault.Message}", first)
                : left;
    }

    private static TensorScope Merged(PlanNode node, IReadOnlyList<BranchResult> results)
    {
        var merged = new TensorScope();
        for (var i = 0; i < results.Count; i++)
        {
            foreach (var (name, tensor) in results[i].Outputs!)
            {
                merged[$"{node.Steps[i].Name}.{name}"] = tensor;
            }
        }

        return merged;
    }
}

/// <summary>A member that answered.</summary>
/// <param name="Index">Its place among the node's steps.</param>
internal readonly record struct Member(int Index, double Weight, TensorScope Outputs);
