using MlSystem.Onnx;

namespace MlSystem.Inference.Explanations.Trees;

/// <summary>
/// Path-dependent TreeSHAP (Lundberg et al., "From local explanations to global understanding with explainable AI for trees", 2020,
/// Algorithm 2): an unknown feature goes both ways, weighted by the training rows that did (the nodes' covers).
/// </summary>
/// <remarks>
/// A leaf's share for element i is v·(oᵢ − zᵢ)·Σ_S w(S)·Π o·Π z, with o = 1 where the row goes the path's way and z the share of rows that
/// do. With Owen's integral the weighted sum is ∫₀¹ Π_{j≠i} (t·oⱼ + (1−t)·zⱼ) dt: a polynomial that Gauss-Legendre integrates exactly,
/// without the divisions by which the published algorithm takes an element off the path and loses digits on long ones. O(leaves · D²) a row;
/// short paths have their contributions for every mask ahead.
/// </remarks>
public sealed class PathDependentTreeShap : TreeExplainer
{
    /// <summary>Elements of a path whose contributions are tabulated: 2⁷ masks.</summary>
    private const int TabulatedElements = 7;

    private PathDependentTreeShap(CompiledTree[] trees, int targets)
        : base(trees, targets)
    {
    }

    /// <summary>Bytes of contributions computed ahead.</summary>
    public long TableBytes { get; private init; }

    /// <summary>Prepares an ensemble whose nodes have covers.</summary>
    /// <param name="output">The score to explain.</param>
    /// <param name="targets">For each feature the contribution that it adds to, from 0 to <paramref name="targetCount"/> - 1.</param>
    /// <param name="tableBytes">Memory for contributions computed ahead; 0 for none.</param>
    /// <exception cref="OnnxGraphException">A path is too long.</exception>
    public static PathDependentTreeShap Create(TreeEnsemble ensemble, int output, IReadOnlyList<int> targets, int targetCount, long tableBytes)
    {
        ArgumentNullException.ThrowIfNull(ensemble);
        CompiledTree[] trees = [.. ensemble.Trees.Select(tree => CompiledTree.Compile(tree, output, targets, Share)).Where(tree => tree.Leaves.Length > 0)];
        var leaves = trees.SelectMany(tree => tree.Leaves).ToArray();
        return new PathDependentTreeShap(trees, targetCount)
        {
            BaseValue = (ensemble.BaseValues.Count > 0 ? ensemble.BaseValues[output] : 0) + leaves.Sum(leaf => leaf.Value * leaf.Zeros.Aggregate(1.0, (product, zero) => product * zero)),
            TableBytes = Tabulate(leaves, tableBytes),
        };
    }

    private protected override void Contribute(PathLeaf leaf, ulong mask, Span<double> contributions)
    {
        var count = leaf.Targets.Length;
        if (leaf.Table is { } table)
        {
            var from = (int)mask * count;
            for (var i = 0; i < count; i++)
            {
                contributions[leaf.Targets[i]] += table[from + i];
            }

            return;
        }

        Span<double> own = stackalloc double[count];
        Weigh(leaf, mask, own);
        for (var i = 0; i < count; i++)
        {
            contributions[leaf.Targets[i]] += own[i];
        }
    }

    /// <summary>A node that no row came to tells nothing: both ways count alike.</summary>
    private static double Share(TreeNode node, TreeNode child) => node.Cover > 0 ? child.Cover!.Value / node.Cover.Value : 0.5;

    private static long Tabulate(PathLeaf[] leaves, long budget)
    {
        long used = 0;
        foreach (var leaf in leaves)
        {
            var count = leaf.Targets.Length;
            var bytes = (1L << Math.Min(count, 30)) * count * sizeof(double);
            if (count > TabulatedElements || used + bytes > budget)
            {
                continue;
            }

            var table = new double[(1 << count) * count];
            for (var mask = 0; mask < 1 << count; mask++)
            {
                Weigh(leaf, (ulong)mask, table.AsSpan(mask * count, count));
            }

            leaf.Table = table;
            used += bytes;
        }

        return used;
    }

    private static void Weigh(PathLeaf leaf, ulong mask, Span<double> result)
    {
        var count = leaf.Targets.Length;
        Span<double> factors = stackalloc double[count];
        Span<double> before = stackalloc double[count];
        var (points, weights) = GaussLegendre.OnUnitInterval((count + 1) / 2);
        result.Clear();
        for (var p = 0; p < points.Length; p++)
        {
            var (t, product) = (points[p], 1.0);
            for (var i = 0; i < count; i++)
            {
                factors[i] = ((1 - t) * leaf.Zeros[i]) + ((mask >> i & 1) != 0 ? t : 0);
                before[i] = product;
                product *= factors[i];
            }

            var behind = weights[p];
            for (var i = count - 1; i >= 0; i--)
            {
                result[i] += before[i] * behind;
                behind *= factors[i];
            }
        }

        for (var i = 0; i < count; i++)
        {
            result[i] *= leaf.Value * (((mask >> i & 1) != 0 ? 1 : 0) - leaf.Zeros[i]);
        }
    }
}
