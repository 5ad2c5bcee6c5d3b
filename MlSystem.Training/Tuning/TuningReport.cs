using MlSystem.Training.Trainers;
using MlSystem.Training.Tuning.Importance;

namespace MlSystem.Training.Tuning;

/// <summary>What a search found: <c>tuning.json</c>.</summary>
/// <param name="BestTrial">Number of the trial whose parameters the model is trained with.</param>
/// <param name="BestValue">Its objective on the inner validation rows.</param>
/// <param name="Parameters">Its parameters, resource included.</param>
/// <param name="Importance">Parameter → share of the variance of the objective over the space that it explains by itself; empty when too few trials finished.</param>
public sealed record TuningReport(
    string Algorithm, string Metric, string Direction, int BestTrial, double BestValue, IReadOnlyDictionary<string, ParameterValue> Parameters,
    IReadOnlyDictionary<string, double> Importance, IReadOnlyList<TrialView> Trials)
{
    internal static TuningReport Of(TuningSpec spec, TrialBook book, Trial best, Pipelines.TrainerSpec trainer) => new(
        spec.Algorithm,
        spec.Metric,
        spec.Minimize ? "minimize" : "maximize",
        best.Number,
        book.Objective(best)!.Value,
        TuningSpace.Apply(trainer, spec, best.Point, TrialView.Resource(spec, best)).Parameters,
        FunctionalAnova.Importance(TuningSpace.Dimensions(spec), book.Observations()),
        TrialView.All(spec, book));
}

/// <summary>One trial.</summary>
/// <param name="State">One of <c>running</c>, <c>finished</c>, <c>stopped</c> (by the median), <c>failed</c>.</param>
/// <param name="Value">The objective so far; absent when there is none.</param>
/// <param name="Checkpoints">The objective after each checkpoint; absent where one failed.</param>
/// <param name="Seconds">Time of all its checkpoints together.</param>
public sealed record TrialView(
    int Trial, string State, IReadOnlyDictionary<string, ParameterValue> Parameters, double? Value, IReadOnlyList<double?> Checkpoints, double Seconds, DateTimeOffset StartedAt, string? Error)
{
    internal static IReadOnlyList<TrialView> All(TuningSpec spec, TrialBook book) => [.. book.Trials.Select(t => Of(spec, book, t))];

    internal static TrialView Of(TuningSpec spec, TrialBook book, Trial trial)
    {
        var parameters = TuningSpace.Apply(new Pipelines.TrainerSpec { Kind = "", Task = "" }, spec, trial.Point, Resource(spec, trial)).Parameters;
        var state = trial.Error is not null ? "failed" : trial.Stopped ? "stopped" : trial.Values.Count > 0 ? "finished" : "running";
        return new TrialView(trial.Number, state, parameters, book.Objective(trial), trial.Values, Math.Round(trial.Seconds, 3), trial.BegunAt, trial.Error);
    }

    /// <summary>Amount of the resource that it got last.</summary>
    internal static int? Resource(TuningSpec spec, Trial trial) =>
        TuningSpace.Ladder(spec)?.Resources[Math.Max(trial.FirstRung, trial.FirstRung + trial.Values.Count - 1)];
}

/// <summary>Trials of a run.</summary>
public sealed record TrialList(IReadOnlyList<TrialView> Trials);
