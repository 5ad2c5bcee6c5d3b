namespace MlSystem.Training.Tuning.Scheduling;

/// <summary>Decides which trial gets how much of the resource. It decides from the record alone, so that a resumed search goes on as it would have.</summary>
internal interface IScheduler
{
    /// <summary>What to do next; null when nothing can be done until a trial under way ends, or at all when none is.</summary>
    /// <param name="trials">All trials so far, by number.</param>
    Assignment? Next(IReadOnlyList<TrialRecord> trials);
}

/// <summary>Work on one trial.</summary>
/// <param name="Trial">Its number; one above the last is a new trial.</param>
/// <param name="Rung">Index of the resource it is trained with.</param>
/// <param name="Bracket">Hyperband: the bracket of the trial.</param>
internal sealed record Assignment(int Trial, int Rung, int Bracket = 0);

/// <summary>What schedulers know of a trial.</summary>
/// <param name="Losses">Loss on each rung that it finished, from its first; infinite when it failed there.</param>
/// <param name="FirstRung">The rung on which it began.</param>
/// <param name="Running">Whether it is under way now.</param>
/// <param name="Stopped">Whether it failed or was stopped and must not go on.</param>
internal sealed record TrialRecord(int Number, int Bracket, int FirstRung, IReadOnlyList<double> Losses, bool Running, bool Stopped)
{
    /// <summary>The rung that it would do next or is doing.</summary>
    public int NextRung => FirstRung + Losses.Count;

    public double? LossAt(int rung) => rung >= FirstRung && rung < NextRung ? Losses[rung - FirstRung] : null;
}
