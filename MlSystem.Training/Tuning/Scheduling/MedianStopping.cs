namespace MlSystem.Training.Tuning.Scheduling;

/// <summary>
/// The median stopping rule (Golovin et al., Google Vizier, KDD 2017): a trial ends when its best loss so far is worse
/// than the median of the running means that other trials had at the same checkpoint.
/// </summary>
/// <param name="WarmUpTrials">Trials that must have reached a checkpoint before it stops anything.</param>
/// <param name="WarmUpCheckpoints">Checkpoints of a trial before it can be stopped.</param>
internal sealed record MedianStopping(int WarmUpTrials, int WarmUpCheckpoints)
{
    /// <param name="losses">Losses of the trial's checkpoints so far.</param>
    /// <param name="others">Losses of other trials' checkpoints.</param>
    public bool Stops(IReadOnlyList<double> losses, IEnumerable<IReadOnlyList<double>> others)
    {
        if (losses.Count <= WarmUpCheckpoints)
        {
            return false;
        }

        var means = others.Where(o => o.Count >= losses.Count).Select(o => o.Take(losses.Count).Average()).Order().ToArray();
        return means.Length >= Math.Max(1, WarmUpTrials) && losses.Min() > Median(means);
    }

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
}
