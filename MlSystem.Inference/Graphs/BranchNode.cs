using MlSystem.Contracts;
using MlSystem.Graphs;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Graphs;

/// <summary>Switch and Splitter: gives each row to one step and puts the answers back into the rows' order.</summary>
internal static class BranchNode
{
    public static async Task<TensorScope> RunAsync(GraphRun run, PlanNode node, TensorScope tensors, Deadline deadline)
    {
        var rows = node.PerRow ? tensors.Rows() : 1;
        var ways = Ways(run, node, tensors, rows);
        if (ways.Count == 1)
        {
            return await run.StepAsync(node.Name, node.Steps[ways[0].Step], tensors, response: null, deadline);
        }

        var branches = ways.ConvertAll<Func<Deadline, Task<TensorScope>>>(way => inner => BranchAsync(run, node, way, tensors, inner));
        var results = await Branches.RunAsync(branches, stopAtFirst: true, deadline);
        return Assemble(run, node, ways, results, rows);
    }

    private static Task<TensorScope> BranchAsync(GraphRun run, PlanNode node, (int Step, List<int> Rows) way, TensorScope tensors, Deadline deadline)
    {
        var step = node.Steps[way.Step];
        var whole = TensorScope.For(step, tensors, response: null);
        var part = new TensorScope();
        foreach (var (name, tensor) in whole)
        {
            part[name] = run.Own(TensorCopy.Gather(tensor, way.Rows));
        }

        return run.StepAsync(node.Name, step, part, deadline);
    }

    private static TensorScope Assemble(GraphRun run, PlanNode node, List<(int Step, List<int> Rows)> ways, IReadOnlyList<BranchResult> results, int rows)
    {
        var outputs = new TensorScope();
        foreach (var output in node.Outputs)
        {
            var whole = outputs[output.Name] = run.Own(TensorCopy.Like(results[0].Outputs![output.Name], rows));
            for (var i = 0; i < ways.Count; i++)
            {
                TensorCopy.Scatter(results[i].Outputs![output.Name], whole, ways[i].Rows);
            }
        }

        return outputs;
    }

    /// <summary>The steps that get rows, with their rows in order.</summary>
    private static List<(int Step, List<int> Rows)> Ways(GraphRun run, PlanNode node, TensorScope tensors, int rows)
    {
        var ways = new List<(int Step, List<int> Rows)>();
        var place = new ConditionRow(tensors);
        var weights = node.Steps.Sum(step => step.Weight);
        for (var row = 0; row < rows; row++)
        {
            place.Row = row;
            var chosen = node.RouterType == GraphRouter.Switch ? Switched(node, place) : Drawn(node, run.Graph.Random.NextDouble() * weights);
            var way = ways.Find(way => way.Step == chosen);
            if (way.Rows is null)
            {
                way = (chosen, []);
                ways.Add(way);
            }

            way.Rows.Add(row);
        }

        return ways;
    }

    private static int Switched(PlanNode node, ConditionRow row)
    {
        for (var i = 0; i < node.Steps.Count; i++)
        {
            if (node.Steps[i].Condition?.Holds(row) ?? true)
            {
                return i;
            }
        }

        throw InferenceException.Invalid($"{(node.PerRow ? $"row {row.Row}" : "the request")} meets no condition of node '{node.Name}'; a last step without a condition takes what is left");
    }

    private static int Drawn(PlanNode node, double point)
    {
        var last = 0;
        for (var i = 0; i < node.Steps.Count; i++)
        {
            if (node.Steps[i].Weight > 0)
            {
                last = i;
                if ((point -= node.Steps[i].Weight) < 0)
                {
                    break;
                }
            }
        }

        return last;
    }
}
