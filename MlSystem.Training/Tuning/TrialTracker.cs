using System.Globalization;
using MlSystem.Training.Clients;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Tuning;

/// <summary>Trials as nested runs in the registry, below the pipeline run's own. A run is looked for by its tag before it is made, so logging twice changes nothing.</summary>
internal sealed class TrialTracker(RegistryClient registry, TuningSpec spec, TrialBook book, StepContext context)
{
    public const string TrialTag = "mlsystem.trial";
    private const string ParentTag = "mlflow.parentRunId";
    private readonly Dictionary<int, int> _logged = [];
    private (string Experiment, TrackedRun Run)? _parent;

    /// <summary>Logs a trial's new checkpoints, unless the registry is away: <see cref="FinishAsync"/> logs what is left.</summary>
    public async Task TryLogAsync(Trial trial, CancellationToken cancellationToken)
    {
        try
        {
            await LogAsync(trial, cancellationToken);
        }
        catch (TransientStepException)
        {
            // The search does not wait for the registry.
        }
    }

    /// <summary>Logs what is not yet, ends all trials' runs and puts the report's files below the parent run.</summary>
    public async Task FinishAsync(IReadOnlyDictionary<string, byte[]> files, CancellationToken cancellationToken)
    {
        foreach (var trial in book.Trials.Where(t => t.Values.Count > 0))
        {
            await LogAsync(trial, cancellationToken);
        }

        var (_, parent) = await ParentAsync(cancellationToken);
        foreach (var (name, content) in files)
        {
            await registry.UploadAsync(parent, $"tuning/{name}", content, cancellationToken);
        }
    }

    private async Task LogAsync(Trial trial, CancellationToken cancellationToken)
    {
        if (_logged.GetValueOrDefault(trial.Number) == trial.Values.Count)
        {
            return;
        }

        var (experiment, parent) = await ParentAsync(cancellationToken);
        var id = string.Create(CultureInfo.InvariantCulture, $"{context.Run.Id}/{trial.Number}");
        var run = await registry.FindRunAsync(experiment, TrialTag, id, cancellationToken)
            ?? await registry.CreateRunAsync(
                new CreateRunRequest(experiment, string.Create(CultureInfo.InvariantCulture, $"trial-{trial.Number:0000}"), trial.BegunAt.ToUnixTimeMilliseconds(), [new(TrialTag, id), new(ParentTag, parent.RunId)]), cancellationToken);
        var view = TrialView.Of(spec, book, trial);
        var (ladder, ended) = (TuningSpace.Ladder(spec), trial.FinishedAt ?? trial.BegunAt);
        var points = trial.Values.Index().Where(v => v.Item is not null)
            .Select(v => new Metric(spec.Metric, v.Item!.Value, ended.ToUnixTimeMilliseconds(), ladder?.Resources[trial.FirstRung + v.Index] ?? v.Index));

        // The resource grows while the trial goes on, so it is no parameter of the run but the step of its metric.
        await registry.LogAsync(
            new LogBatchRequest(
                run.RunId,
                [.. points],
                [.. view.Parameters.Where(p => p.Key != spec.Resource?.Parameter).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => new Tag(p.Key, p.Value.ToString()))],
                [new("mlsystem.trial_state", view.State)]),
            cancellationToken);
        await registry.FinishRunAsync(run.RunId, ended, cancellationToken);
        _logged[trial.Number] = trial.Values.Count;
    }

    private async Task<(string Experiment, TrackedRun Run)> ParentAsync(CancellationToken cancellationToken)
    {
        if (_parent is { } known)
        {
            return known;
        }

        var experiment = await registry.EnsureExperimentAsync(context.Run.Pipeline, cancellationToken);
        var run = await RegisterStep.EnsureRunAsync(registry, experiment, context, cancellationToken);
        _parent = (experiment, run);
        return (experiment, run);
    }
}
