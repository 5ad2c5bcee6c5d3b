using MlSystem.Contracts;
using MlSystem.Training.Data;
using MlSystem.Training.Steps;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Gates;

/// <summary>What earlier steps of the run made for the gate to judge.</summary>
internal sealed record GateMaterial(SortedDictionary<string, double> Metrics, ScoringJob Job)
{
    public RowTable Rows => Job.Rows;

    public ModelSignature Signature => Job.Signature;

    public byte[] Onnx => Job.Onnx;

    public ValidationReport Validation => Job.Validation;

    public static async Task<GateMaterial> ReadAsync(StepContext context, CancellationToken cancellationToken) => new(
        await StepFiles.ReadAsync(context.Input(EvaluateStep.StepName, ModelFiles.Metrics), TrainingJson.Default.SortedDictionaryStringDouble, cancellationToken),
        await ModelSteps.ScoringAsync(context, cancellationToken));
}
