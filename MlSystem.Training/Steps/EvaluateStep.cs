using MlSystem.Contracts;
using MlSystem.Training.Data;
using MlSystem.Training.Evaluation;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Steps;

/// <summary>Scores the held-out rows with the written graph and computes the metrics.</summary>
public sealed class EvaluateStep : IStep
{
    public const string StepName = "evaluate";

    public string Name => StepName;

    public double Weight => 3;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var rows = RowTable.ReadCsvFile(context.Input(SplitStep.StepName, SplitStep.TestFile));
        var signature = await StepFiles.ReadAsync(context.Input(TrainStep.StepName, ModelFiles.Signature), ContractsJson.Default.ModelSignature, cancellationToken);
        using var scorer = new OnnxScorer(await File.ReadAllBytesAsync(context.Input(TrainStep.StepName, ModelFiles.Onnx), cancellationToken), signature);
        var metrics = TabularMetrics.Evaluate(await FrameAsync(context, rows, cancellationToken), scorer.Score(rows, cancellationToken));
        foreach (var missing in context.Definition.Gate.Thresholds.Select(t => t.Metric).Where(m => !metrics.ContainsKey(m)))
        {
            throw new StepFailedException($"The held-out rows do not define {missing}, which the gate needs.");
        }

        string[] wanted = [.. context.Definition.Evaluation.Metrics, .. context.Definition.Gate.Thresholds.Select(t => t.Metric)];
        var chosen = new SortedDictionary<string, double>(
            metrics.Where(m => context.Definition.Evaluation.Metrics.Count == 0 || wanted.Contains(m.Key)).ToDictionary(), StringComparer.Ordinal);
        await StepFiles.WriteAsync(context.Output(ModelFiles.Metrics), chosen, TrainingJson.Default.SortedDictionaryStringDouble, cancellationToken);
        return StepFacts.None;
    }

    private static async Task<TabularFrame> FrameAsync(StepContext context, RowTable rows, CancellationToken cancellationToken)
    {
        var join = await StepFiles.ReadAsync(context.Input(JoinStep.StepName, JoinStep.ReportFile), TrainingJson.Default.JoinReport, cancellationToken);
        var validation = await StepFiles.ReadAsync(context.Input(ValidateStep.StepName, ValidateStep.ReportFile), TrainingJson.Default.ValidationReport, cancellationToken);
        return Frames.Of(rows, Frames.Schema(join.Service.Features, validation, context.Definition.Trainer.Task));
    }
}
