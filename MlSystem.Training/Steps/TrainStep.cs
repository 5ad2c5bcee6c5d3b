using MlSystem.Contracts;
using MlSystem.Training.Data;
using MlSystem.Training.Tabular;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Steps;

/// <summary>Trains on the training rows and writes the model as one ONNX graph with its signature and baseline.</summary>
public sealed class TrainStep(TimeProvider time) : IStep
{
    public const string StepName = "train";
    public const string ReportFile = "training.json";

    public string Name => StepName;

    public double Weight => 60;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var join = await StepFiles.ReadAsync(context.Input(JoinStep.StepName, JoinStep.ReportFile), TrainingJson.Default.JoinReport, cancellationToken);
        var validation = await StepFiles.ReadAsync(context.Input(ValidateStep.StepName, ValidateStep.ReportFile), TrainingJson.Default.ValidationReport, cancellationToken);
        var rows = RowTable.ReadCsvFile(context.Input(SplitStep.StepName, SplitStep.TrainFile));
        var schema = Frames.Schema(join.Service.Features, validation, context.Definition.Trainer.Task);
        try
        {
            var frame = Frames.Of(rows, schema);
            using var model = TabularTrainer.Train(frame, validation: null, TrainerCatalog.Options(context.Definition.Trainer), context.Progress, cancellationToken);
            await WriteAsync(context, model, frame, cancellationToken);
        }
        catch (TrainingDataException error)
        {
            throw new StepFailedException(error.Message);
        }

        return StepFacts.None;
    }

    private async Task WriteAsync(StepContext context, TabularModel model, TabularFrame rows, CancellationToken cancellationToken)
    {
        await File.WriteAllBytesAsync(context.Output(ModelFiles.Onnx), model.Onnx, cancellationToken);
        await StepFiles.WriteAsync(context.Output(ModelFiles.Signature), model.Signature, ContractsJson.Default.ModelSignature, cancellationToken);
        await StepFiles.WriteAsync(context.Output(ModelFiles.Baseline), BaselineBuilder.Build(rows, model.Predict(rows, cancellationToken)), ContractsJson.Default.Baseline, cancellationToken);
        await StepFiles.WriteAsync(context.Output(ReportFile), new TrainingReport(model.Parameters, rows.Rows, time.GetUtcNow()), TrainingJson.Default.TrainingReport, cancellationToken);
    }
}

/// <summary>What was trained: <c>training.json</c>.</summary>
/// <param name="Parameters">Every setting of the trainer, defaults included.</param>
public sealed record TrainingReport(IReadOnlyDictionary<string, string> Parameters, long Rows, DateTimeOffset TrainedAt);
