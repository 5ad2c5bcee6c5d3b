namespace MlSystem.Training.Tuning.Importance;

/// <summary>A small random forest (Breiman 2001) over the unit cube: bootstrap samples, splits of least squared error at middles between points.</summary>
internal sealed class RegressionForest
{
    private const int MinimumLeaf = 2;
    private const int MaximumDepth = 10;

    private RegressionForest(IReadOnlyList<Node> trees) => Trees = trees;

    public IReadOnlyList<Node> Trees { get; }

    /// <param name="points">Places in the unit cube, one a row.</param>
    public static RegressionForest Fit(IReadOnlyList<double[]> points, IReadOnlyList<double> values, int trees, int seed)
    {
        var random = new Random(seed);
        return new RegressionForest([.. Enumerable.Range(0, trees).Select(_ =>
        {
            int[] sample = [.. Enumerable.Range(0, points.Count).Select(_ => random.Next(points.Count))];
            return Grow(points, values, sample, depth: 0);
        })]);
    }

    public double Predict(double[] point) => Trees.Average(tree =>
    {
        var node = tree;
        while (node.Left is not null)
        {
            node = point[node.Dimension] <= node.Threshold ? node.Left : node.Right!;
        }

        return node.Value;
    });

    private static Node Grow(IReadOnlyList<double[]> points, IReadOnlyList<double> values, int[] rows, int depth)
    {
        var leaf = new Node(rows.Average(r => values[r]), 0, 0, null, null);
        if (depth == MaximumDepth || rows.Length < 2 * MinimumLeaf || Best(points, values, rows) is not { } split)
        {
            return leaf;
        }

        int[] left = [.. rows.Where(r => points[r][split.Dimension] <= split.Threshold)];
        int[] right = [.. rows.Where(r => points[r][split.Dimension] > split.Threshold)];
        return leaf with
        {
            Dimension = split.Dimension,
            Threshold = split.Threshold,
            Left = Grow(points, values, left, depth + 1),
            Right = Grow(points, values, right, depth + 1),
        };
    }

    /// <summary>The split that lowers the squared error most, or null when none does.</summary>
    private static (int Dimension, double Threshold)? Best(IReadOnlyList<double[]> points, IReadOnlyList<double> values, int[] rows)
    {
        var total = rows.Sum(r => values[r]);
        var (best, found) = ((total * total / rows.Length) + 1e-12, ((int, double)?)null);
        for (var dimension = 0; dimension < points[0].Length; dimension++)
        {
            int[] order = [.. rows.OrderBy(r => points[r][dimension])];
            var below = 0.0;
            for (var i = 0; i < order.Length - 1; i++)
            {
                below += values[order[i]];
                var (here, next) = (points[order[i]][dimension], points[order[i + 1]][dimension]);
                var gain = (below * below / (i + 1)) + ((total - below) * (total - below) / (order.Length - i - 1));
                if (next > here && i + 1 >= MinimumLeaf && order.Length - i - 1 >= MinimumLeaf && gain > best)
                {
                    (best, found) = (gain, (dimension, (here + next) / 2));
                }
            }
        }

        return found;
    }

    /// <summary>A leaf where <see cref="Left"/> is null.</summary>
    internal sealed record Node(double Value, int Dimension, double Threshold, Node? Left, Node? Right);
}
