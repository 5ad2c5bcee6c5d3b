using System.Numerics;
using MlSystem.Onnx;

namespace MlSystem.Inference.Explanations.Trees;

/// <summary>
/// Interventional TreeSHAP (Lundberg et al. 2020, supplement): an unknown feature has the value of a background row; exact mean over the
/// background. At a leaf only the masks of the background rows matter, so equal ones are counted once.
/// </summary>
public sealed class InterventionalTreeShap : TreeExplainer
{
    private const int Side = CompiledTree.MaxElements + 1;
    private static readonly double[] Weights = MakeWeights();

    private InterventionalTreeShap(CompiledTree[] trees, int targets)
        : base(trees, targets)
    {
    }

    /// <param name="output">The score to explain.</param>
    /// <param name="targets">For each feature the contribution that it adds to.</param>
    /// <param name="background">Features, row-major, at least one row of <paramref name="width"/>.</param>
    /// <exception cref="OnnxGraphException">A path is too long.</exception>
    public static InterventionalTreeShap Create(TreeEnsemble ensemble, int output, IReadOnlyList<int> targets, int targetCount, ReadOnlySpan<double> background, int width)
    {
        ArgumentNullException.ThrowIfNull(ensemble);
        CompiledTree[] trees = [.. ensemble.Trees.Select(tree => CompiledTree.Compile(tree, output, targets, static (_, _) => 0)).Where(tree => tree.Leaves.Length > 0)];
        var rows = background.Length / width;
        foreach (var tree in trees)
        {
            Count(tree, background, width, rows);
        }

        return new InterventionalTreeShap(trees, targetCount)
        {
            BaseValue = (ensemble.BaseValues.Count > 0 ? ensemble.BaseValues[output] : 0)
                + trees.SelectMany(tree => tree.Leaves).Sum(leaf => leaf.Value * leaf.Background.Where(p => p.Mask == leaf.Full).Sum(p => p.Share)),
        };
    }

    private protected override void Contribute(PathLeaf leaf, ulong mask, Span<double> contributions)
    {
        foreach (var (other, share) in leaf.Background)
        {
            // Where neither the row nor the background row goes the path's way, no mixture of the two comes to the leaf.
            if ((mask | other) != leaf.Full || mask == other)
            {
                continue;
            }

            var (own, its) = (mask & ~other, other & ~mask);
            var (a, b) = (BitOperations.PopCount(own), BitOperations.PopCount(its));
            Add(leaf, own, a == 0 ? 0 : leaf.Value * share * Weights[((a - 1) * Side) + b], contributions);
            Add(leaf, its, b == 0 ? 0 : -leaf.Value * share * Weights[(a * Side) + b - 1], contributions);
        }
    }

    private static void Count(CompiledTree tree, ReadOnlySpan<double> background, int width, int rows)
    {
        var counts = tree.Leaves.Select(_ => new Dictionary<ulong, int>()).ToArray();
        var masks = new ulong[tree.Count];
        for (var row = 0; row < rows; row++)
        {
            tree.Masks(background.Slice(row * width, width), masks);
            for (var l = 0; l < counts.Length; l++)
            {
                var mask = masks[tree.Leaves[l].Node];
                counts[l][mask] = counts[l].GetValueOrDefault(mask) + 1;
            }
        }

        for (var l = 0; l < counts.Length; l++)
        {
            tree.Leaves[l].Background = [.. counts[l].Select(p => (p.Key, (double)p.Value / rows))];
        }
    }

    /// <summary>s!·r!/(s + r + 1)! at s · <see cref="Side"/> + r: what a coalition of s others weighs where r others stay out.</summary>
    private static double[] MakeWeights()
    {
        var weights = new double[Side * Side];
        for (var s = 0; s < Side; s++)
        {
            for (var r = 0; r < Side; r++)
            {
                weights[(s * Side) + r] = r == 0 ? 1.0 / (s + 1) : weights[(s * Side) + r - 1] * r / (s + r + 1);
            }
        }

        return weights;
    }

    private static void Add(PathLeaf leaf, ulong elements, double share, Span<double> contributions)
    {
        for (; elements != 0; elements &= elements - 1)
        {
            contributions[leaf.Targets[BitOperations.TrailingZeroCount(elements)]] += share;
        }
    }
}
