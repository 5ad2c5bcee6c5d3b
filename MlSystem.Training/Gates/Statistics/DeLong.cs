namespace MlSystem.Training.Gates.Statistics;

/// <summary>
/// The difference of two correlated areas under the ROC curve with its variance (DeLong, DeLong, Clarke-Pearson,
/// Biometrics 44, 1988), from midranks (Sun and Xu, IEEE Signal Processing Letters 21, 2014) in O(n log n).
/// </summary>
internal static class DeLong
{
    /// <returns>Null when the rows are all of one class, or of one class but for a single row: no variance can be estimated.</returns>
    public static PairedEstimate? Compare(IReadOnlyList<bool> positive, IReadOnlyList<float> challenger, IReadOnlyList<float> champion)
    {
        PairedEstimate.CheckPaired(challenger.Count, champion.Count);
        PairedEstimate.CheckPaired(positive.Count, challenger.Count);
        var positives = positive.Count(p => p);
        if (positives < 2 || positive.Count - positives < 2)
        {
            return null;
        }

        var (first, second) = (Placements.Of(positive, challenger), Placements.Of(positive, champion));
        var variance = (PairedVariance(first.OfPositives, second.OfPositives) / positives)
            + (PairedVariance(first.OfNegatives, second.OfNegatives) / (positive.Count - positives));

        // Positive differences are worse, as of a loss.
        return PairedEstimate.Normal(first.Area, second.Area, second.Area - first.Area, Math.Sqrt(Math.Max(0, variance)));
    }

    /// <summary>Sample variance of the differences: the three covariances at once.</summary>
    private static double PairedVariance(double[] a, double[] b)
    {
        var differences = a.Zip(b, (x, y) => x - y).ToArray();
        var mean = differences.Average();
        return differences.Sum(d => (d - mean) * (d - mean)) / (differences.Length - 1);
    }

    /// <summary>For each positive the share of negatives scored below it, for each negative the share of positives above; ties count half.</summary>
    private sealed record Placements(double[] OfPositives, double[] OfNegatives)
    {
        public double Area => OfPositives.Average();

        public static Placements Of(IReadOnlyList<bool> positive, IReadOnlyList<float> scores)
        {
            int[] positives = [.. Enumerable.Range(0, scores.Count).Where(i => positive[i])];
            int[] negatives = [.. Enumerable.Range(0, scores.Count).Where(i => !positive[i])];
            var all = Midranks([.. scores]);
            var among = Midranks([.. positives.Select(i => scores[i])]);
            var amongNegatives = Midranks([.. negatives.Select(i => scores[i])]);
            return new Placements(
                [.. positives.Select((row, i) => (all[row] - among[i]) / negatives.Length)],
                [.. negatives.Select((row, i) => 1 - ((all[row] - amongNegatives[i]) / positives.Length))]);
        }
    }

    /// <summary>Ranks from 1; equal values share the mean of theirs.</summary>
    private static double[] Midranks(float[] values)
    {
        int[] order = [.. Enumerable.Range(0, values.Length).OrderBy(i => values[i])];
        var ranks = new double[values.Length];
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && values[order[end]] == values[order[start]])
            {
                end++;
            }

            for (var i = start; i < end; i++)
            {
                ranks[order[i]] = (start + end + 1) / 2.0;
            }

            start = end;
        }

        return ranks;
    }
}
