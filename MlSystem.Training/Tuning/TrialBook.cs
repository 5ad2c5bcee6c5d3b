using MlSystem.Training.Tuning.Scheduling;
using MlSystem.Training.Tuning.Search;

namespace MlSystem.Training.Tuning;

/// <summary>All trials of a search, made of their events. Not safe for several threads at once.</summary>
internal sealed class TrialBook(TuningSpec spec)
{
    private readonly List<Trial> _trials = [];

    public IReadOnlyList<Trial> Trials => _trials;

    /// <summary>When the first trial began; null when none has.</summary>
    public DateTimeOffset? Started { get; private set; }

    public void Apply(TrialEvent entry)
    {
        Started ??= entry.Time;
        if (entry.Point is { } point)
        {
            _trials.Add(new Trial(entry.Trial, [.. point], entry.Bracket ?? 0, entry.Rung ?? 0, entry.Time));
            return;
        }

        var trial = _trials[entry.Trial];
        if (entry.Rung is not null)
        {
            trial.Values.Add(entry.Value);
            trial.Seconds += entry.Seconds ?? 0;
            trial.Error ??= entry.Error;
            trial.FinishedAt = entry.Time;
        }

        trial.Stopped |= entry.Stopped == true || entry.Error is not null;
    }

    /// <summary>Less is better; infinite where the checkpoint failed.</summary>
    public double Loss(double? value) => value is not { } number ? double.PositiveInfinity : spec.Minimize ? number : -number;

    public IReadOnlyList<TrialRecord> Records(IReadOnlySet<int> running) =>
        [.. _trials.Select(t => new TrialRecord(t.Number, t.Bracket, t.FirstRung, [.. t.Values.Select(Loss)], running.Contains(t.Number), t.Stopped))];

    /// <summary>For the sampler. With a resource, losses are those of the highest checkpoint that enough trials have reached, because they can't be compared across.</summary>
    public IReadOnlyList<Observation> Observations()
    {
        if (spec.Resource is null)
        {
            return [.. _trials.Select(t => new Observation(t.Point, t.Values.Count == 0 ? null : Total(t)))];
        }

        var top = _trials.Select(t => t.FirstRung + t.Values.Count - 1).DefaultIfEmpty(0).Max();
        var rung = Enumerable.Range(0, top + 1).LastOrDefault(r => _trials.Count(t => At(t, r) is not null) >= TpeSampler.DefaultStartup);
        return [.. _trials.Select(t => new Observation(t.Point, At(t, rung)))];
    }

    /// <summary>The trial with the best objective among those that got furthest; null when all failed.</summary>
    public Trial? Best()
    {
        var sound = _trials.Where(t => t.Values.Count > 0 && t.Values[^1] is not null && t.Error is null && (!TuningSpace.ByFold(spec) || t.Values.Count == spec.Folds)).ToList();
        return sound.Count == 0 ? null : sound.GroupBy(t => spec.Resource is null ? 0 : t.FirstRung + t.Values.Count).MaxBy(g => g.Key)!.OrderBy(Total).ThenBy(t => t.Number).First();
    }

    /// <summary>The objective of a trial so far: of its last amount of the resource, or the mean of its folds.</summary>
    public double? Objective(Trial trial) => trial.Values.Count == 0 || trial.Values.Any(v => v is null) ? null : TuningSpace.ByFold(spec) ? trial.Values.Average() : trial.Values[^1];

    private double Total(Trial trial) => Loss(Objective(trial));

    private double? At(Trial trial, int rung) => rung >= trial.FirstRung && rung - trial.FirstRung < trial.Values.Count ? Loss(trial.Values[rung - trial.FirstRung]) : null;
}

/// <summary>One trial.</summary>
internal sealed record Trial(int Number, double[] Point, int Bracket, int FirstRung, DateTimeOffset BegunAt)
{
    /// <summary>Objective at each checkpoint; null where it failed.</summary>
    public List<double?> Values { get; } = [];

    public double Seconds { get; set; }

    public string? Error { get; set; }

    public bool Stopped { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }
}
