using MlSystem.Training.Pipelines;
using MlSystem.Training.Samples;
using MlSystem.Training.Storage;
using MlSystem.Training.Tuning;

namespace MlSystem.Training.Steps;

/// <summary>The steps of a run, in order: a sample's own preparation, then the pipeline's.</summary>
public sealed class StepPlan(
    JoinStep join, ValidateStep validate, SplitStep split, TrainStep train, EvaluateStep evaluate, GateStep gate, RegisterStep register,
    TuneStep tune, ApplySampleStep apply, IngestSampleStep ingest)
{
    public IReadOnlyList<IStep> For(RunRow run, PipelineDefinition definition) =>
    [
        .. run.Sample is null ? Array.Empty<IStep>() : [apply, ingest],
        join, validate, split,
        .. definition.Tuning is null ? Array.Empty<IStep>() : [tune],
        train, evaluate, gate, register,
    ];
}
