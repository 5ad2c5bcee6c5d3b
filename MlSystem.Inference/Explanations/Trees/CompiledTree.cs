using System.Runtime.InteropServices;
using MlSystem.Onnx;

namespace MlSystem.Inference.Explanations.Trees;

/// <summary>
/// A tree for explaining: every leaf knows its path as a set of elements, one for each feature on it. A row's standing at a leaf
/// is a bit mask: bit e is set when the row goes the path's way at every node that tests the feature of element e.
/// </summary>
internal sealed class CompiledTree
{
    /// <summary>More features than this on one path do not fit the masks.</summary>
    public const int MaxElements = 64;

    private readonly TreeNode[] _nodes;
    private readonly Step[] _steps;

    private CompiledTree(TreeNode[] nodes, Step[] steps, PathLeaf[] leaves)
    {
        _nodes = nodes;
        _steps = steps;
        Leaves = leaves;
    }

    public int Count => _nodes.Length;

    /// <summary>Leaves that add to the explained score.</summary>
    public PathLeaf[] Leaves { get; }

    /// <param name="targets">For each feature the contribution that it adds to.</param>
    /// <param name="coverOf">Share of a node's rows that goes to a child; of path-dependent explanations only.</param>
    /// <exception cref="OnnxGraphException">A path tests more than <see cref="MaxElements"/> features.</exception>
    public static CompiledTree Compile(DecisionTree tree, int output, IReadOnlyList<int> targets, Func<TreeNode, TreeNode, double> coverOf)
    {
        var nodes = new List<TreeNode>(tree.Nodes.Count);
        var steps = new List<Step>(tree.Nodes.Count);
        var leaves = new List<PathLeaf>();
        var open = new Stack<(int Index, Step Step, Path Path)>();
        open.Push((0, default, Path.Root));
        while (open.TryPop(out var next))
        {
            var node = tree.Nodes[next.Index];
            var position = nodes.Count;
            nodes.Add(node);
            steps.Add(next.Step);
            if (node.Leaf is { } weights)
            {
                var value = weights.Where(w => w.Output == output).Sum(w => w.Value);
                if (value != 0)
                {
                    leaves.Add(new PathLeaf(position, value, [.. next.Path.Features.Select(f => targets[f])], next.Path.Zeros));
                }

                continue;
            }

            foreach (var holds in (bool[])[false, true])
            {
                var child = holds ? node.True : node.False;
                var (element, repeated, path) = next.Path.With(node.Feature, coverOf(node, tree.Nodes[child]));
                open.Push((child, new Step(position, element, holds, repeated), path));
            }
        }

        return new CompiledTree([.. nodes], [.. steps], [.. leaves]);
    }

    /// <summary>The row's mask at every node.</summary>
    public void Masks(ReadOnlySpan<double> row, ulong[] masks)
    {
        masks[0] = 0;
        for (var n = 1; n < _steps.Length; n++)
        {
            var step = _steps[n];
            var parent = _nodes[step.Parent];
            var bit = 1UL << step.Element;
            var mask = masks[step.Parent];
            masks[n] = parent.Holds(row[parent.Feature]) == step.Holds
                ? step.Repeated ? mask : mask | bit
                : mask & ~bit;
        }
    }

    /// <summary>How a node is reached; nodes stand behind their parent.</summary>
    /// <param name="Element">The bit of the parent's feature.</param>
    /// <param name="Holds">Whether it is the parent's true child.</param>
    /// <param name="Repeated">Whether the feature was tested further up as well.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Step(int Parent, int Element, bool Holds, bool Repeated);

    /// <summary>The features on the way to a node, each once, with the product of the shares of rows that go this way.</summary>
    private sealed record Path(int[] Features, double[] Zeros)
    {
        public static readonly Path Root = new([], []);

        public (int Element, bool Repeated, Path Path) With(int feature, double share)
        {
            var element = Array.IndexOf(Features, feature);
            if (element < 0)
            {
                return Features.Length < MaxElements
                    ? (Features.Length, false, new Path([.. Features, feature], [.. Zeros, share]))
                    : throw new OnnxGraphException($"a path of a tree tests more than {MaxElements} features");
            }

            var zeros = Zeros.ToArray();
            zeros[element] *= share;
            return (element, true, this with { Zeros = zeros });
        }
    }
}

/// <summary>A leaf and its path.</summary>
/// <param name="Node">Its place in the tree's order.</param>
/// <param name="Value">What it adds to the explained score.</param>
/// <param name="Targets">For each element the contribution that it adds to.</param>
/// <param name="Zeros">For each element the share of rows that go the path's way when its feature is not known.</param>
internal sealed record PathLeaf(int Node, double Value, int[] Targets, double[] Zeros)
{
    /// <summary>The mask of a row that ends in this leaf.</summary>
    public ulong Full => Targets.Length == 64 ? ulong.MaxValue : (1UL << Targets.Length) - 1;

    /// <summary>Contributions by mask and element, where they were computed ahead.</summary>
    public double[]? Table { get; set; }

    /// <summary>The masks of the background rows with their shares; of interventional explanations only.</summary>
    public (ulong Mask, double Share)[] Background { get; set; } = [];
}
