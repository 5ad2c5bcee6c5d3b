using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Training.Clients;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Tabular;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Steps;

/// <summary>Trains on the training rows and writes the model as one ONNX graph with its signature and baseline.</summary>
public sealed class TrainStep(RegistryClient registry, TimeProvider time) : IStep
{
    public const string StepName = "train";
    public const string ReportFile = "training.json";

    public string Name => StepName;

    public double Weight => 60;

    public IReadOnlyList<string>? CacheSections => ["trainer"];

    /// <summary>What a warm start begins from is the registry's affair, and changes.</summary>
    public bool CanCache(PipelineDefinition definition) => definition.Trainer.WarmStart is null;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var trainer = context.Definition.Trainer;
        var parent = await ParentAsync(context, cancellationToken);
        var job = await ModelSteps.TrainingAsync(context, parent, cancellationToken);
        try
        {
            var trained = TrainerCatalog.FamilyOf(trainer.Task).Train(job, context.Progress, cancellationToken);
            await WriteAsync(context, trained, job, cancellationToken);
        }
        catch (TrainingDataException error)
        {
            throw new StepFailedException(error.Message);
        }

        return StepFacts.None;
    }

    /// <summary>The version to start from; null where none is declared, or the alias names none yet.</summary>
    private async Task<ParentModel?> ParentAsync(StepContext context, CancellationToken cancellationToken)
    {
        if (context.Definition.Trainer.WarmStart is not { } warm)
        {
            return null;
        }

        var model = context.Definition.Register.Model;
        var version = warm.Version ?? await registry.FindAliasAsync(model, warm.Alias!, cancellationToken);
        if (version is not { } found)
        {
            return null;
        }

        var signature = JsonSerializer.Deserialize(await registry.DownloadAsync(model, found, ModelFiles.Signature, cancellationToken), ContractsJson.Default.ModelSignature)!;
        return new ParentModel(model, found, await registry.DownloadAsync(model, found, ModelFiles.Onnx, cancellationToken), signature);
    }

    private async Task WriteAsync(StepContext context, TrainedFiles trained, TrainingJob job, CancellationToken cancellationToken)
    {
        await File.WriteAllBytesAsync(context.Output(ModelFiles.Onnx), trained.Onnx, cancellationToken);
        await StepFiles.WriteAsync(context.Output(ModelFiles.Signature), trained.Signature, ContractsJson.Default.ModelSignature, cancellationToken);
        await StepFiles.WriteAsync(context.Output(ModelFiles.Baseline), trained.Baseline, ContractsJson.Default.Baseline, cancellationToken);
        await ModelSteps.WriteAsync(context, trained.Files, cancellationToken);
        var report = new TrainingReport(trained.Parameters, job.Rows.Rows, time.GetUtcNow())
        {
            WarmStartVersion = job.Parent?.Version,
            Files = [.. trained.Files.Keys.Order(StringComparer.Ordinal)],
        };
        await StepFiles.WriteAsync(context.Output(ReportFile), report, TrainingJson.Default.TrainingReport, cancellationToken);
    }
}

/// <summary>What was trained: <c>training.json</c>.</summary>
/// <param name="Parameters">Every setting of the trainer, defaults included.</param>
public sealed record TrainingReport(IReadOnlyDictionary<string, string> Parameters, long Rows, DateTimeOffset TrainedAt)
{
    /// <summary>The version that training started from; absent when it started from nothing.</summary>
    public int? WarmStartVersion { get; init; }

    /// <summary>Further files of the version, beside model, signature and baseline.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];
}
