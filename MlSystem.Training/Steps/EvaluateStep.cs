using MlSystem.Contracts;
using MlSystem.Training.Evaluation;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Steps;

/// <summary>Scores the held-out rows with the written graph and computes the metrics.</summary>
public sealed class EvaluateStep : IStep
{
    public const string StepName = "evaluate";
    public const string ReportFile = "evaluation.json";

    public string Name => StepName;

    public double Weight => 3;

    public IReadOnlyList<string>? CacheSections => ["trainer", "evaluation", "gate"];

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var job = await ModelSteps.ScoringAsync(context, cancellationToken);
        var result = Evaluate(job, cancellationToken);
        foreach (var missing in context.Definition.Gate.Thresholds.Select(t => t.Metric).Where(m => !result.Metrics.ContainsKey(m)))
        {
            throw new StepFailedException($"The held-out rows do not define {missing}, which the gate needs.");
        }

        string[] wanted = [.. context.Definition.Evaluation.Metrics, .. context.Definition.Gate.Thresholds.Select(t => t.Metric)];
        var chosen = new SortedDictionary<string, double>(
            result.Metrics.Where(m => context.Definition.Evaluation.Metrics.Count == 0 || wanted.Contains(m.Key)).ToDictionary(), StringComparer.Ordinal);
        await StepFiles.WriteAsync(context.Output(ModelFiles.Metrics), chosen, TrainingJson.Default.SortedDictionaryStringDouble, cancellationToken);
        await ModelSteps.WriteAsync(context, result.Files, cancellationToken);
        var report = new EvaluationReport([.. result.Files.Keys.Order(StringComparer.Ordinal)]);
        await StepFiles.WriteAsync(context.Output(ReportFile), report, TrainingJson.Default.EvaluationReport, cancellationToken);
        return StepFacts.None;
    }

    private static EvaluationResult Evaluate(ScoringJob job, CancellationToken cancellationToken)
    {
        try
        {
            return TrainerCatalog.FamilyOf(job.Task).Evaluate(job, cancellationToken);
        }
        catch (ScoringException error)
        {
            throw new StepFailedException(error.Message);
        }
    }
}

/// <summary>What was found beside the metrics: <c>evaluation.json</c>.</summary>
/// <param name="Files">Plots and tables beside the metrics; they become artifacts of the run in the registry.</param>
public sealed record EvaluationReport(IReadOnlyList<string> Files);
