using MlSystem.Onnx;
using MlSystem.Training.Tabular.Features;
using MlSystem.Training.Tabular.Linear;

namespace MlSystem.Training.Tabular.Selection;

/// <summary>The number of trees at which held-out loss is least, read from one long boosting for each fold.</summary>
internal static class TreeLimit
{
    /// <param name="losses">Loss after 1, 2, … trees of each fold; they may have different lengths.</param>
    public static (double Loss, int Trees) Least(IReadOnlyList<(double[] Losses, int Rows)> losses)
    {
        var trees = Math.Max(1, losses.Max(l => l.Losses.Length));
        double rows = losses.Sum(l => l.Rows);
        return Enumerable.Range(0, trees)
            .Select(t => (Loss: losses.Sum(l => l.Losses.Length == 0 ? 0 : l.Losses[Math.Min(t, l.Losses.Length - 1)] * l.Rows) / rows, Trees: t + 1))
            .MinBy(l => l.Loss);
    }

    /// <summary>Mean held-out loss after each tree of an ensemble with one output.</summary>
    public static double[] Losses(TreeEnsemble trees, FeatureRows features, TargetColumn targets, double[]? start)
    {
        var scores = start is null ? new double[features.Rows] : (double[])start.Clone();
        var rows = new double[features.Rows][];
        var row = new float[features.Width];
        for (var r = 0; r < rows.Length; r++)
        {
            features.Fill(r, 1, row);
            rows[r] = Array.ConvertAll(row, v => (double)v);
            scores[r] += trees.BaseValues.Count > 0 ? trees.BaseValues[0] : 0;
        }

        var losses = new double[trees.Trees.Count];
        for (var t = 0; t < losses.Length; t++)
        {
            for (var r = 0; r < rows.Length; r++)
            {
                scores[r] += trees.Trees[t].Find(rows[r]).Leaf![0].Value;
            }

            losses[t] = LinearLoss.Mean(targets, scores);
        }

        return losses;
    }
}
