namespace MlSystem.Training.Tuning.Scheduling;

/// <summary>Every trial goes over all rungs; only median stopping ends it before.</summary>
/// <param name="rungs">Rungs of a trial: checkpoints between which it may be stopped; 1 when there are none.</param>
internal sealed class OneByOneScheduler(int maxTrials, int rungs) : IScheduler
{
    public Assignment? Next(IReadOnlyList<TrialRecord> trials)
    {
        if (trials.FirstOrDefault(t => t is { Running: false, Stopped: false } && t.Losses.Count < rungs) is { } open)
        {
            return new Assignment(open.Number, open.NextRung);
        }

        return trials.Count < maxTrials ? new Assignment(trials.Count, 0) : null;
    }
}
