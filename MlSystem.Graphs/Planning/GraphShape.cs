using System.Globalization;
using MlSystem.Contracts;

namespace MlSystem.Graphs.Planning;

/// <summary>Checks what can be said of a graph without its members: names, kinds, numbers, and that nodes form no cycle.</summary>
internal static class GraphShape
{
    public const int MaxNodes = 100;
    public const int MaxSteps = 100;

    public static void Check(EnsembleSpec spec, List<string> problems)
    {
        if (spec.Nodes is not { Count: > 0 and <= MaxNodes } || spec.Nodes.Values.Any(node => node is null))
        {
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"'nodes' must have 1 to {MaxNodes} nodes, none of them null"));
            return;
        }

        if (!spec.Nodes.ContainsKey(spec.Root ?? ""))
        {
            problems.Add($"the root '{spec.Root}' is none of the nodes ({string.Join(", ", spec.Nodes.Keys)})");
        }

        foreach (var (name, node) in spec.Nodes)
        {
            NodeRules.Check(name, node, spec.Nodes, problems);
        }

        if (problems.Count == 0)
        {
            CheckPaths(spec, problems);
        }
    }

    private static void CheckPaths(EnsembleSpec spec, List<string> problems)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        Visit(spec, spec.Root, [], reached, problems);
        problems.AddRange(spec.Nodes.Keys.Where(name => problems.Count == 0 && !reached.Contains(name)).Select(name => $"node '{name}' is not reached from '{spec.Root}'").ToList());
    }

    private static void Visit(EnsembleSpec spec, string name, List<string> path, HashSet<string> reached, List<string> problems)
    {
        if (path.Contains(name))
        {
            problems.Add($"the nodes form a cycle: {string.Join(" → ", path.SkipWhile(node => node != name).Append(name))}");
            return;
        }

        // A node that was seen on another path was found to have no cycle below it.
        if (!reached.Add(name))
        {
            return;
        }

        path.Add(name);
        var node = spec.Nodes[name];
        foreach (var step in node.Steps.Append(node.Meta))
        {
            if (step?.Node is { } next && problems.Count == 0)
            {
                Visit(spec, next, path, reached, problems);
            }
        }

        path.RemoveAt(path.Count - 1);
    }
}
