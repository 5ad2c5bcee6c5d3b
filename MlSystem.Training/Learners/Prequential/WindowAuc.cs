namespace MlSystem.Training.Learners.Prequential;

/// <summary>Area under the ROC curve by ranks (Mann and Whitney 1947); ties count half.</summary>
internal static class WindowAuc
{
    /// <summary>Null when a class is absent.</summary>
    public static double? Of(ReadOnlySpan<float> scores, ReadOnlySpan<float> labels)
    {
        var sorted = scores.ToArray();
        var order = labels.ToArray();
        Array.Sort(sorted, order);
        double below = 0, wins = 0, positives = 0;
        for (var start = 0; start < sorted.Length;)
        {
            var end = start;
            double tiedPositives = 0;
            while (end < sorted.Length && sorted[end] == sorted[start])
            {
                tiedPositives += order[end++] > 0.5f ? 1 : 0;
            }

            var tiedNegatives = end - start - tiedPositives;
            wins += tiedPositives * (below + (tiedNegatives / 2));
            below += tiedNegatives;
            positives += tiedPositives;
            start = end;
        }

        return positives == 0 || below == 0 ? null : wins / (positives * below);
    }
}
