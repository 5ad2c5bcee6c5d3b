namespace MlSystem.Training.Tabular;

/// <summary>How well scores order positives before negatives. Scores are any finite numbers, greater meaning more positive.</summary>
public static class RankingMetrics
{
    /// <summary>
    /// Area under the ROC curve: the chance that a random positive scores above a random negative, a tie counting
    /// half (the Mann-Whitney statistic). 0 to 1; NaN when one of the two kinds is absent.
    /// </summary>
    public static double Auc(IReadOnlyList<bool> positive, IReadOnlyList<float> scores)
    {
        var order = Ascending(positive, scores);
        long positives = positive.Count(p => p), negatives = positive.Count - positives;
        var rankSum = 0.0;
        for (var start = 0; start < order.Length;)
        {
            var end = EndOfTie(order, scores, start);
            var rank = (start + 1 + end) / 2.0; // mean of the tied ranks, which count from 1
            for (var i = start; i < end; i++)
            {
                rankSum += positive[order[i]] ? rank : 0;
            }

            start = end;
        }

        return positives == 0 || negatives == 0 ? double.NaN : (rankSum - (positives * (positives + 1) / 2.0)) / ((double)positives * negatives);
    }

    /// <summary>
    /// Area under the precision-recall curve as average precision: Σ (recall step) · precision, from the highest score
    /// down, tied rows entering together. 0 to 1; NaN without positives.
    /// </summary>
    public static double PrecisionRecallAuc(IReadOnlyList<bool> positive, IReadOnlyList<float> scores)
    {
        var order = Ascending(positive, scores);
        Array.Reverse(order);
        var positives = positive.Count(p => p);
        long hits = 0;
        var area = 0.0;
        for (var start = 0; start < order.Length;)
        {
            var end = EndOfTie(order, scores, start);
            var gained = Enumerable.Range(start, end - start).Count(i => positive[order[i]]);
            hits += gained;
            area += (double)gained / positives * hits / end;
            start = end;
        }

        return positives == 0 ? double.NaN : area;
    }

    private static int[] Ascending(IReadOnlyList<bool> positive, IReadOnlyList<float> scores)
    {
        MetricInput.SameLength(positive.Count, scores.Count);
        return [.. Enumerable.Range(0, scores.Count).OrderBy(i => scores[i])];
    }

    private static int EndOfTie(int[] order, IReadOnlyList<float> scores, int start)
    {
        var end = start + 1;
        while (end < order.Length && scores[order[end]] == scores[order[start]])
        {
            end++;
        }

        return end;
    }
}

internal static class MetricInput
{
    public static void SameLength(int actual, int predicted)
    {
        if (actual != predicted || actual == 0)
        {
            throw new ArgumentException($"A metric needs as many predictions as labels and at least one, got {predicted} and {actual}.");
        }
    }
}
