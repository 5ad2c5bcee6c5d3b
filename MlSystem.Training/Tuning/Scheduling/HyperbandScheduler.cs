namespace MlSystem.Training.Tuning.Scheduling;

/// <summary>
/// Hyperband (Li et al., JMLR 18, 2018): brackets of successive halving, from many trials with little of the resource to few
/// with all of it. A rung is decided when all its trials are done; a bracket's trials begin before the one before it is over.
/// </summary>
internal sealed class HyperbandScheduler : IScheduler
{
    private readonly RungLadder _ladder;
    private readonly int _maxTrials;

    /// <param name="maxTrials">Bound on all brackets together, after which no trial begins. When all brackets are done, they begin anew.</param>
    public HyperbandScheduler(RungLadder ladder, int maxTrials)
    {
        (_ladder, _maxTrials) = (ladder, maxTrials);
        Brackets = [.. Enumerable.Range(0, ladder.Resources.Count).Select(first => new Bracket(first, Size(ladder.Top - first)))];
    }

    /// <summary>One round of brackets, the one with the least resource first.</summary>
    public IReadOnlyList<Bracket> Brackets { get; }

    public Assignment? Next(IReadOnlyList<TrialRecord> trials)
    {
        foreach (var group in trials.GroupBy(t => t.Bracket).OrderBy(g => g.Key))
        {
            if (Promotion(group.Key, [.. group]) is { } promoted)
            {
                return promoted;
            }
        }

        if (trials.Count >= _maxTrials)
        {
            return null;
        }

        var bracket = trials.Count == 0 ? 0 : trials.Max(t => t.Bracket);
        if (trials.Count(t => t.Bracket == bracket) >= Of(bracket).Trials)
        {
            bracket++;
        }

        return new Assignment(trials.Count, Of(bracket).FirstRung, bracket);
    }

    private Bracket Of(int bracket) => Brackets[bracket % Brackets.Count];

    /// <summary>n = ⌈(s_max + 1) / (s + 1) · η^s⌉ for s rungs above the first.</summary>
    private int Size(int above) => (int)Math.Ceiling((_ladder.Top + 1.0) / (above + 1) * Math.Pow(_ladder.Factor, above));

    private Assignment? Promotion(int bracket, List<TrialRecord> trials)
    {
        var expected = Math.Min(Of(bracket).Trials, trials.Count + Math.Max(0, _maxTrials - trials.Max(t => t.Number) - 1));
        for (var rung = Of(bracket).FirstRung; rung < _ladder.Top && expected > 0; rung++)
        {
            var done = trials.Where(t => t.LossAt(rung) is not null).OrderBy(t => t.LossAt(rung)).ThenBy(t => t.Number).ToList();
            if (done.Count < expected)
            {
                return null;
            }

            var chosen = done.Take(Math.Max(1, expected / _ladder.Factor)).Where(t => !t.Stopped).ToList();
            if (chosen.FirstOrDefault(t => !t.Running && t.NextRung == rung + 1) is { } next)
            {
                return new Assignment(next.Number, rung + 1, bracket);
            }

            expected = chosen.Count;
        }

        return null;
    }
}

/// <summary>One bracket of a round.</summary>
/// <param name="FirstRung">The rung on which its trials begin.</param>
internal sealed record Bracket(int FirstRung, int Trials);
