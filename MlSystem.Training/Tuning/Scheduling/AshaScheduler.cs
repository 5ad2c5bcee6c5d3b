namespace MlSystem.Training.Tuning.Scheduling;

/// <summary>
/// Asynchronous successive halving (Li et al., MLSys 2020): whenever there is room, a trial among the best 1/η of its rung
/// goes on to the next one; if there is none, a new trial begins at the bottom. Nobody waits for a rung to fill up.
/// </summary>
internal sealed class AshaScheduler(RungLadder ladder, int maxTrials) : IScheduler
{
    public Assignment? Next(IReadOnlyList<TrialRecord> trials)
    {
        for (var rung = ladder.Top - 1; rung >= 0; rung--)
        {
            var onRung = trials.Where(t => t.LossAt(rung) is not null).OrderBy(t => t.LossAt(rung)).ThenBy(t => t.Number).ToList();
            if (onRung.Take(onRung.Count / ladder.Factor).FirstOrDefault(t => t is { Running: false, Stopped: false } && t.NextRung == rung + 1) is { } promoted)
            {
                return new Assignment(promoted.Number, rung + 1);
            }
        }

        return trials.Count < maxTrials ? new Assignment(trials.Count, 0) : null;
    }
}
