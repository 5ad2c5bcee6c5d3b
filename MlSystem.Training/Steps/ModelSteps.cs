using MlSystem.Contracts;
using MlSystem.Training.Data;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Trainers;
using MlSystem.Training.Tuning;

namespace MlSystem.Training.Steps;

/// <summary>Puts together what trainer families work with, from the files of earlier steps.</summary>
internal static class ModelSteps
{
    /// <summary>The training rows, with the parameters that the search found where there was one.</summary>
    public static async Task<TrainingJob> TrainingAsync(StepContext context, ParentModel? parent, CancellationToken cancellationToken) =>
        await UntunedAsync(context, parent, cancellationToken) with { Trainer = await TrainerAsync(context, cancellationToken) };

    /// <summary>The training rows, with the declared parameters.</summary>
    public static async Task<TrainingJob> UntunedAsync(StepContext context, ParentModel? parent, CancellationToken cancellationToken)
    {
        var join = await JoinAsync(context, cancellationToken);
        return new TrainingJob
        {
            Trainer = context.Definition.Trainer,
            Rows = RowTable.ReadCsvFile(context.Input(SplitStep.StepName, SplitStep.TrainFile)),
            Features = join.Service.Features,
            Keys = [.. join.Service.JoinKeys.Select(k => k.Name)],
            Validation = await ValidationAsync(context, cancellationToken),
            Parent = parent,
        };
    }

    /// <summary>This run's model on the held-out rows.</summary>
    public static async Task<ScoringJob> ScoringAsync(StepContext context, CancellationToken cancellationToken)
    {
        var signature = await StepFiles.ReadAsync(context.Input(TrainStep.StepName, ModelFiles.Signature), ContractsJson.Default.ModelSignature, cancellationToken);
        var onnx = await File.ReadAllBytesAsync(context.Input(TrainStep.StepName, ModelFiles.Onnx), cancellationToken);
        return await ScoringAsync(context, onnx, signature, cancellationToken);
    }

    /// <summary>Any model on the held-out rows of this run.</summary>
    public static async Task<ScoringJob> ScoringAsync(StepContext context, byte[] onnx, ModelSignature signature, CancellationToken cancellationToken)
    {
        var join = await JoinAsync(context, cancellationToken);
        return new ScoringJob
        {
            Task = context.Definition.Trainer.Task,
            Trainer = await TrainerAsync(context, cancellationToken),
            Onnx = onnx,
            Signature = signature,
            Rows = RowTable.ReadCsvFile(context.Input(SplitStep.StepName, SplitStep.TestFile)),
            TrainingRows = new Lazy<RowTable>(() => RowTable.ReadCsvFile(context.Input(SplitStep.StepName, SplitStep.TrainFile))),
            Features = join.Service.Features,
            Keys = [.. join.Service.JoinKeys.Select(k => k.Name)],
            Validation = await ValidationAsync(context, cancellationToken),
        };
    }

    /// <summary>Writes further files of a family into the step's folder.</summary>
    public static async Task WriteAsync(StepContext context, IReadOnlyDictionary<string, byte[]> files, CancellationToken cancellationToken)
    {
        foreach (var (path, content) in files)
        {
            await File.WriteAllBytesAsync(context.Output(path), content, cancellationToken);
        }
    }

    private static async Task<TrainerSpec> TrainerAsync(StepContext context, CancellationToken cancellationToken)
    {
        var trainer = context.Definition.Trainer;
        return context.Definition.Tuning is null
            ? trainer
            : trainer with { Parameters = (await StepFiles.ReadAsync(context.Input(TuneStep.StepName, TuneStep.ReportFile), TrainingJson.Default.TuningReport, cancellationToken)).Parameters };
    }

    private static Task<JoinReport> JoinAsync(StepContext context, CancellationToken cancellationToken) =>
        StepFiles.ReadAsync(context.Input(JoinStep.StepName, JoinStep.ReportFile), TrainingJson.Default.JoinReport, cancellationToken);

    private static Task<ValidationReport> ValidationAsync(StepContext context, CancellationToken cancellationToken) =>
        StepFiles.ReadAsync(context.Input(ValidateStep.StepName, ValidateStep.ReportFile), TrainingJson.Default.ValidationReport, cancellationToken);
}
