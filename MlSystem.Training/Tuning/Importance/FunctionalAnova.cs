using MlSystem.Training.Tuning.Search;

namespace MlSystem.Training.Tuning.Importance;

/// <summary>
/// How much each parameter by itself explains of how the loss varies over the whole space: functional ANOVA of a random
/// forest's predictions (Hutter, Hoos, Leyton-Brown, ICML 2014), main effects.
/// </summary>
internal static class FunctionalAnova
{
    /// <summary>Fewer finished trials than these say nothing.</summary>
    public const int MinimumTrials = 4;

    private const int Trees = 64;

    /// <summary>Parameter → share of the variance, 0 to 1; together at most 1, the rest is interaction. Empty when there are too few trials or all losses are equal.</summary>
    public static IReadOnlyDictionary<string, double> Importance(IReadOnlyList<SearchDimension> space, IReadOnlyList<Observation> trials, int seed = 0)
    {
        var finished = trials.Where(t => t.Loss is { } loss && double.IsFinite(loss)).ToList();
        if (finished.Count < MinimumTrials || finished.All(t => t.Loss == finished[0].Loss))
        {
            return new Dictionary<string, double>();
        }

        List<double[]> points = finished.ConvertAll(t => space.Select((d, i) => d.Share(t.Point[i])).ToArray());
        var forest = RegressionForest.Fit(points, Capped(finished.ConvertAll(t => t.Loss!.Value)), Trees, seed);
        var shares = forest.Trees.Select(tree => Shares(tree, space.Count)).OfType<double[]>().ToList();
        return shares.Count == 0
            ? new Dictionary<string, double>()
            : space.Select((d, i) => (d.Name, Share: shares.Average(s => s[i]))).ToDictionary(s => s.Name, s => s.Share, StringComparer.Ordinal);
    }

    /// <summary>A few hopeless trials would make everything else look flat: losses count up to the upper quartile and 1.5 times the distance to the lower one (Tukey).</summary>
    private static List<double> Capped(List<double> losses)
    {
        var sorted = losses.Order().ToList();
        var (lower, upper) = (sorted[sorted.Count / 4], sorted[sorted.Count * 3 / 4]);
        return upper > lower ? losses.ConvertAll(l => Math.Min(l, upper + (1.5 * (upper - lower)))) : losses;
    }

    /// <summary>Null when the tree is a single leaf.</summary>
    private static double[]? Shares(RegressionForest.Node tree, int dimensions)
    {
        List<Leaf> leaves = [];
        Collect(tree, [.. Enumerable.Repeat(0.0, dimensions)], [.. Enumerable.Repeat(1.0, dimensions)], leaves);
        var mean = leaves.Sum(l => l.Volume * l.Value);
        var variance = leaves.Sum(l => l.Volume * (l.Value - mean) * (l.Value - mean));
        return variance <= 0 ? null : [.. Enumerable.Range(0, dimensions).Select(d => MainEffect(leaves, d, mean) / variance)];
    }

    private static void Collect(RegressionForest.Node node, double[] low, double[] high, List<Leaf> leaves)
    {
        if (node.Left is null)
        {
            leaves.Add(new Leaf(node.Value, low, high));
            return;
        }

        double[] middleHigh = [.. high], middleLow = [.. low];
        (middleHigh[node.Dimension], middleLow[node.Dimension]) = (node.Threshold, node.Threshold);
        Collect(node.Left, low, middleHigh, leaves);
        Collect(node.Right!, middleLow, high, leaves);
    }

    /// <summary>Variance of the mean over all other dimensions, which is constant between the borders of leaves.</summary>
    private static double MainEffect(List<Leaf> leaves, int dimension, double mean)
    {
        var borders = leaves.SelectMany(l => new[] { l.Low[dimension], l.High[dimension] }).Distinct().Order().ToArray();
        var variance = 0.0;
        for (var i = 0; i < borders.Length - 1; i++)
        {
            var marginal = leaves.Where(l => l.Low[dimension] <= borders[i] && l.High[dimension] >= borders[i + 1])
                .Sum(l => l.Volume / (l.High[dimension] - l.Low[dimension]) * l.Value);
            variance += (borders[i + 1] - borders[i]) * (marginal - mean) * (marginal - mean);
        }

        return variance;
    }

    /// <summary>A box in which a tree is constant.</summary>
    private sealed record Leaf(double Value, double[] Low, double[] High)
    {
        public double Volume { get; } = Low.Zip(High, (a, b) => b - a).Aggregate(1.0, (product, side) => product * side);
    }
}
