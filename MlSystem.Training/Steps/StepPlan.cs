using MlSystem.Training.Samples;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Steps;

/// <summary>The steps of a run, in order: a sample's own preparation, then the pipeline's.</summary>
public sealed class StepPlan(
    JoinStep join, ValidateStep validate, SplitStep split, TrainStep train, EvaluateStep evaluate, GateStep gate, RegisterStep register,
    ApplySampleStep apply, IngestSampleStep ingest)
{
    private readonly IReadOnlyList<IStep> _pipeline = [join, validate, split, train, evaluate, gate, register];

    public IReadOnlyList<IStep> For(RunRow run) => run.Sample is null ? _pipeline : [apply, ingest, .. _pipeline];
}
