namespace MlSystem.Training.Gates.Statistics;

/// <summary>
/// Paired z-test of the mean loss of a row. By the central limit theorem it suits some tens of rows and more.
/// </summary>
internal static class PairedMeans
{
    public static PairedEstimate Compare(IReadOnlyList<double> challenger, IReadOnlyList<double> champion)
    {
        PairedEstimate.CheckPaired(challenger.Count, champion.Count);
        var differences = challenger.Zip(champion, (a, b) => a - b).ToArray();
        var mean = differences.Average();
        var variance = differences.Length > 1 ? differences.Sum(d => (d - mean) * (d - mean)) / (differences.Length - 1) : 0;
        return PairedEstimate.Normal(challenger.Average(), champion.Average(), mean, Math.Sqrt(variance / differences.Length));
    }
}
