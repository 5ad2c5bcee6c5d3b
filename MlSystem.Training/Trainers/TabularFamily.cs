using MlSystem.Contracts;
using MlSystem.Training.Evaluation;
using MlSystem.Training.Evaluation.Plots;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Trainers;

/// <summary>Classification and regression from columns: every row stands for itself.</summary>
internal sealed class TabularFamily : ITrainerFamily
{
    public IReadOnlyList<TrainerKind> Kinds => TabularParameters.Kinds;

    public IReadOnlyList<TrainerTask> Tasks { get; } =
    [
        new(ModelTask.BinaryClassification, LabelType.Classes, MetricCatalog.Of(ModelTask.BinaryClassification)),
        new(ModelTask.MulticlassClassification, LabelType.Classes, MetricCatalog.Of(ModelTask.MulticlassClassification)),
        new(ModelTask.Regression, LabelType.Numbers, MetricCatalog.Of(ModelTask.Regression)),
    ];

    public IEnumerable<DefinitionError> Check(PipelineDefinition definition) => definition.Trainer.WarmStart is null
        ? []
        : [new("$.trainer.warm_start", $"trainer '{definition.Trainer.Kind}' always starts from nothing")];

    public TrainedFiles Train(TrainingJob job, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var frame = Frames.Of(job.Rows, Frames.Schema(job.Features, job.Validation, job.Trainer.Task));
        using var model = TabularTrainer.Train(frame, validation: null, TabularParameters.Options(job.Trainer), progress, cancellationToken);
        return new TrainedFiles(model.Onnx, model.Signature, BaselineBuilder.Build(frame, model.Predict(frame, cancellationToken)), model.Parameters);
    }

    public EvaluationResult Evaluate(ScoringJob job, CancellationToken cancellationToken)
    {
        using var scorer = new OnnxScorer(job.Onnx, job.Signature);
        var frame = Frames.Of(job.Rows, Frames.Schema(job.Features, job.Validation, job.Task));
        var predictions = scorer.Score(job.Rows, cancellationToken);
        return new EvaluationResult(TabularMetrics.Evaluate(frame, predictions)) { Files = EvaluationFiles.Of(frame, predictions) };
    }

    public UnitLosses Losses(ScoringJob job, CancellationToken cancellationToken)
    {
        using var scorer = new OnnxScorer(job.Onnx, job.Signature);
        return new UnitLosses(RowLosses.Of(scorer.Score(job.Rows, cancellationToken), job.Rows[Joining.Label]), [.. Enumerable.Range(0, job.Rows.Rows)]);
    }
}
