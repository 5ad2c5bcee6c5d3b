using System.Runtime.InteropServices;

namespace MlSystem.Onnx;

/// <summary>How a branch compares a feature with its threshold; a row goes to <see cref="TreeNode.True"/> where it holds.</summary>
public enum BranchMode
{
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,
    Equal,
    NotEqual,

    /// <summary>Whether the value is one of a set; of the node <c>TreeEnsemble</c> of ai.onnx.ml 5 alone.</summary>
    Member,
}

/// <summary>What a leaf adds to one output.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LeafWeight(int Output, double Value);

/// <summary>A node of a tree: a branch, or a leaf when <see cref="Leaf"/> is set.</summary>
public sealed record TreeNode
{
    /// <summary>Column of the feature matrix, from 0; of branches only.</summary>
    public int Feature { get; init; }

    public BranchMode Mode { get; init; } = BranchMode.LessOrEqual;

    public double Threshold { get; init; }

    /// <summary>The set of <see cref="BranchMode.Member"/>.</summary>
    public IReadOnlySet<double>? Members { get; init; }

    /// <summary>Index in the tree's nodes where the comparison holds.</summary>
    public int True { get; init; }

    /// <summary>Index in the tree's nodes where it doesn't.</summary>
    public int False { get; init; }

    /// <summary>Whether a row whose feature is NaN goes to <see cref="True"/>.</summary>
    public bool MissingGoesTrue { get; init; }

    /// <summary>Training rows (or their weight) that came to this node; null when the producer did not tell.</summary>
    public double? Cover { get; init; }

    /// <summary>Weights of a leaf; null for a branch.</summary>
    public IReadOnlyList<LeafWeight>? Leaf { get; init; }

    /// <summary>Whether a row with this value of the feature goes to <see cref="True"/>. NaN differs from every threshold, whatever <see cref="MissingGoesTrue"/> says: so ONNX Runtime takes it.</summary>
    public bool Holds(double value) => double.IsNaN(value) ? MissingGoesTrue || Mode == BranchMode.NotEqual : Mode switch
    {
        BranchMode.LessOrEqual => value <= Threshold,
        BranchMode.Less => value < Threshold,
        BranchMode.GreaterOrEqual => value >= Threshold,
        BranchMode.Greater => value > Threshold,
        BranchMode.Equal => value == Threshold,
        BranchMode.Member => Members!.Contains(value),
        _ => value != Threshold,
    };
}

/// <summary>A decision tree; node 0 is the root.</summary>
public sealed record DecisionTree(IReadOnlyList<TreeNode> Nodes)
{
    /// <summary>The leaf that a row ends in.</summary>
    public TreeNode Find(ReadOnlySpan<double> row)
    {
        var node = Nodes[0];
        while (node.Leaf is null)
        {
            node = Nodes[node.Holds(row[node.Feature]) ? node.True : node.False];
        }

        return node;
    }

    /// <summary>A tree that gives the same for every row.</summary>
    public static DecisionTree Constant(params IReadOnlyList<LeafWeight> weights) => new([new TreeNode { Leaf = weights }]);

    /// <summary>Says what is wrong with the tree; null when it is sound: one root from which every node is reached exactly once.</summary>
    public string? Check(int features, int outputs)
    {
        var seen = new bool[Nodes.Count];
        var open = new Stack<int>([0]);
        if (Nodes.Count == 0)
        {
            return "it has no nodes";
        }

        while (open.TryPop(out var index))
        {
            if (index < 0 || index >= Nodes.Count || seen[index])
            {
                return $"node {index} does not exist or is reached twice";
            }

            seen[index] = true;
            var node = Nodes[index];
            if (node.Leaf is { } leaf)
            {
                if (leaf.Any(w => w.Output < 0 || w.Output >= outputs || !double.IsFinite(w.Value)))
                {
                    return $"leaf {index} has a weight that is not finite or for an output outside 0..{outputs - 1}";
                }

                continue;
            }

            if (node.Feature < 0 || node.Feature >= features || double.IsNaN(node.Threshold))
            {
                return $"branch {index} tests feature {node.Feature} against {node.Threshold}, features are 0..{features - 1}";
            }

            if (node.Mode == BranchMode.Member && node.Members is null)
            {
                return $"branch {index} tests for a set and has none";
            }

            open.Push(node.False);
            open.Push(node.True);
        }

        return seen.Contains(false) ? $"node {Array.IndexOf(seen, false)} can't be reached" : null;
    }
}

/// <summary>What is applied to the summed scores.</summary>
public enum PostTransform
{
    None,
    Logistic,
    Softmax,
    SoftmaxZero,
    Probit,
}

/// <summary>Trees whose leaf weights are summed: score(o) = base(o) + Σ over trees of the leaf's weight for o.</summary>
public sealed record TreeEnsemble
{
    public required IReadOnlyList<DecisionTree> Trees { get; init; }

    /// <summary>Number of scores: 1 for regression and binary classification, else one for each class.</summary>
    public required int Outputs { get; init; }

    /// <summary>One value for each output, or empty for zeros.</summary>
    public IReadOnlyList<double> BaseValues { get; init; } = [];

    public PostTransform PostTransform { get; init; }

    /// <summary>Scores of a row before the transformation; the reference that a runtime's answer is compared with.</summary>
    public double[] Score(ReadOnlySpan<double> row)
    {
        var scores = new double[Outputs];
        foreach (var tree in Trees)
        {
            foreach (var weight in tree.Find(row).Leaf!)
            {
                scores[weight.Output] += weight.Value;
            }
        }

        for (var i = 0; i < BaseValues.Count; i++)
        {
            scores[i] += BaseValues[i];
        }

        return scores;
    }
}
