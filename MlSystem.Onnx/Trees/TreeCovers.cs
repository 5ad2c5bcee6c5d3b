using System.Numerics;

namespace MlSystem.Onnx;

/// <summary>How many rows come to each node of a tree: the weights of path-dependent explanations.</summary>
public static class TreeCovers
{
    /// <summary>Covers are counts or sums of single-precision weights: children add up to their parent within this share.</summary>
    private const double Tolerance = 1e-3;

    /// <summary>Whether the covers of every tree can be believed. Some converters write 1 for every node, which is no cover.</summary>
    public static bool HasCovers(this TreeEnsemble ensemble)
    {
        ArgumentNullException.ThrowIfNull(ensemble);
        return ensemble.Trees.All(tree => IsCovered(tree) && tree.Nodes.All(node => node.Leaf is not null || AddsUp(tree, node)));
    }

    /// <summary>The same trees with the number of rows that come to each node.</summary>
    /// <param name="values">Features, row-major, rows × <paramref name="width"/>.</param>
    public static TreeEnsemble WithCovers<T>(this TreeEnsemble ensemble, ReadOnlyMemory<T> values, int width)
        where T : unmanaged, INumber<T>
    {
        ArgumentNullException.ThrowIfNull(ensemble);
        var trees = new DecisionTree[ensemble.Trees.Count];
        Parallel.For(0, trees.Length, t => trees[t] = Counted(ensemble.Trees[t], values.Span, width));
        return ensemble with { Trees = trees };
    }

    /// <summary>Whether every node that matters has a cover; a lone leaf needs none.</summary>
    internal static bool IsCovered(DecisionTree tree) => tree.Nodes.Count == 1 || tree.Nodes.All(node => node.Cover is >= 0);

    private static bool AddsUp(DecisionTree tree, TreeNode node)
    {
        var sum = tree.Nodes[node.True].Cover!.Value + tree.Nodes[node.False].Cover!.Value;
        return node.Cover > 0 && Math.Abs(sum - node.Cover.Value) <= Tolerance * node.Cover.Value;
    }

    private static DecisionTree Counted<T>(DecisionTree tree, ReadOnlySpan<T> values, int width)
        where T : unmanaged, INumber<T>
    {
        var counts = new double[tree.Nodes.Count];
        for (var start = 0; start < values.Length; start += width)
        {
            var node = 0;
            counts[0]++;
            while (tree.Nodes[node] is { Leaf: null } branch)
            {
                node = branch.Holds(double.CreateTruncating(values[start + branch.Feature])) ? branch.True : branch.False;
                counts[node]++;
            }
        }

        return new DecisionTree([.. tree.Nodes.Select((node, i) => node with { Cover = counts[i] })]);
    }
}
