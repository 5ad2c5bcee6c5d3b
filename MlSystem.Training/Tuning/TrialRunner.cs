using System.Globalization;
using MlSystem.Training.Data;
using MlSystem.Training.Evaluation;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;
using MlSystem.Training.Tabular;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Tuning;

/// <summary>Trains and judges one set of parameters on the inner split of the training rows; the held-out rows of the pipeline are never seen.</summary>
internal sealed class TrialRunner
{
    private readonly TrainingJob _job;
    private readonly TuningSpec _spec;
    private readonly string _task;
    private readonly IReadOnlyList<(RowTable Train, RowTable Held)> _splits;

    private TrialRunner(TrainingJob job, PipelineDefinition definition, IReadOnlyList<(RowTable Train, RowTable Held)> splits) =>
        (_job, _spec, _task, _splits) = (job, definition.Tuning!, definition.Trainer.Task, splits);

    /// <exception cref="StepFailedException">A side of a split is empty.</exception>
    public static TrialRunner Of(PipelineDefinition definition, TrainingJob job, IReadOnlyList<string> keys)
    {
        var (spec, rows) = (definition.Tuning!, job.Rows);
        List<(RowTable Train, RowTable Held)> splits = [];
        if (spec.Folds > 0)
        {
            var folds = EntityFolds.Of(rows, keys, spec.Folds, spec.Seed);
            splits.AddRange(Enumerable.Range(0, spec.Folds).Select(fold => EntityFolds.Sides(rows, folds, fold)));
        }
        else
        {
            // Another seed than the outer split's, by which these rows were chosen already.
            var (train, held) = Splitting.Split(rows, keys, definition.Split with { TestShare = spec.ValidationShare, Seed = definition.Split.Seed + spec.Seed + 1_000_003 });
            splits.Add((rows.Select(train), rows.Select(held)));
        }

        return splits.All(s => s.Train.Rows > 0 && s.Held.Rows > 0)
            ? new TrialRunner(job, definition, splits)
            : throw new StepFailedException(string.Create(CultureInfo.InvariantCulture, $"The inner split of {rows.Rows} training rows leaves a side empty."));
    }

    /// <summary>The objective, or why there is none.</summary>
    /// <param name="rung">Checkpoint: a fold where folds are checkpoints, else the amount of the resource.</param>
    public (double? Value, string? Error) Run(IReadOnlyList<double> point, int rung, CancellationToken cancellationToken)
    {
        var resource = TuningSpace.Ladder(_spec)?.Resources[rung];
        var trainer = TuningSpace.Apply(_job.Trainer, _spec, point, resource);
        var splits = TuningSpace.ByFold(_spec) ? [_splits[rung]] : _splits;
        try
        {
            return (splits.Average(split => Judge(trainer, split.Train, split.Held, cancellationToken)), null);
        }
        catch (Exception error) when (error is TrainingDataException or ScoringException or ArgumentException or InvalidOperationException)
        {
            return (null, error.Message);
        }
    }

    private double Judge(TrainerSpec trainer, RowTable train, RowTable held, CancellationToken cancellationToken)
    {
        var family = TrainerCatalog.FamilyOf(_task);
        var trained = family.Train(_job with { Trainer = trainer, Rows = train }, new Progress<double>(), cancellationToken);
        var metrics = family.Evaluate(
            new ScoringJob
            {
                Task = _task,
                Trainer = trainer,
                Onnx = trained.Onnx,
                Signature = trained.Signature,
                Rows = held,
                TrainingRows = new Lazy<RowTable>(() => train),
                Features = _job.Features,
                Keys = _job.Keys,
                Validation = _job.Validation,
            },
            cancellationToken).Metrics;
        return metrics.TryGetValue(_spec.Metric, out var value) && double.IsFinite(value)
            ? value
            : throw new ScoringException($"The inner validation rows do not define {_spec.Metric}.");
    }
}
