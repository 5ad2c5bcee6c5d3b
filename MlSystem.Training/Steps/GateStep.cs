using System.Globalization;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Training.Clients;
using MlSystem.Training.Evaluation;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Steps;

/// <summary>Decides whether the model may have the alias; a refusal does not fail the run.</summary>
public sealed class GateStep(RegistryClient registry) : IStep
{
    public const string StepName = "gate";
    public const string DecisionFile = "gate.json";

    public string Name => StepName;

    public double Weight => 3;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var metrics = await StepFiles.ReadAsync(context.Input(EvaluateStep.StepName, ModelFiles.Metrics), TrainingJson.Default.SortedDictionaryStringDouble, cancellationToken);
        var register = context.Definition.Register;
        var champion = register.Alias is { } alias ? await registry.FindAliasAsync(register.Model, alias, cancellationToken) : null;
        List<string> reasons = [.. Gate.Breaches(context.Definition.Gate.Thresholds, metrics)];
        PairedTest? test = null;
        if (context.Definition.Gate.Champion is { } spec && champion is { } version)
        {
            test = await CompareAsync(context, version, cancellationToken);
            reasons.AddRange(Gate.Breaches(spec, test, version));
        }

        var decision = new GateDecision(reasons.Count == 0, reasons, champion, test);
        await StepFiles.WriteAsync(context.Output(DecisionFile), decision, TrainingJson.Default.GateDecision, cancellationToken);
        return StepFacts.None;
    }

    /// <summary>Loss on the held-out rows, this model's against the champion's; null when the champion cannot predict these rows.</summary>
    private async Task<PairedTest?> CompareAsync(StepContext context, int version, CancellationToken cancellationToken)
    {
        var model = context.Definition.Register.Model;
        var championSignature = JsonSerializer.Deserialize(
            await registry.DownloadAsync(model, version, ModelFiles.Signature, cancellationToken), ContractsJson.Default.ModelSignature)!;
        var championOnnx = await registry.DownloadAsync(model, version, ModelFiles.Onnx, cancellationToken);
        var job = await ModelSteps.ScoringAsync(context, cancellationToken);
        var family = TrainerCatalog.FamilyOf(job.Task);
        try
        {
            var challenger = family.Losses(job, cancellationToken);
            return PairedTest.Of(challenger.Values, family.Losses(job with { Onnx = championOnnx, Signature = championSignature }, cancellationToken).Values);
        }
        catch (ScoringException)
        {
            return null;
        }
    }
}

/// <summary>The gate's rules.</summary>
internal static class Gate
{
    public static IEnumerable<string> Breaches(IReadOnlyList<MetricThreshold> thresholds, SortedDictionary<string, double> metrics)
    {
        foreach (var threshold in thresholds)
        {
            var value = metrics[threshold.Metric];
            if (threshold.Min is { } min && !(value >= min))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{threshold.Metric} {value:G6} is below {min:G6}");
            }

            if (threshold.Max is { } max && !(value <= max))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{threshold.Metric} {value:G6} is above {max:G6}");
            }
        }
    }

    /// <param name="test">Null when the champion cannot predict the held-out rows: nothing can be said, which is no reason to promote.</param>
    public static IEnumerable<string> Breaches(ChampionSpec spec, PairedTest? test, int champion)
    {
        if (test is null)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"version {champion} cannot predict the held-out rows, so the two cannot be compared");
        }
        else if (!double.IsFinite(test.MeanDifference) || (test.MeanDifference > 0 && test.PValue < spec.Level))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"loss is {test.MeanDifference:G4} above version {champion}'s on the same rows (p = {test.PValue:G3}, level {spec.Level})");
        }
    }
}

/// <summary>The gate's decision: <c>gate.json</c>.</summary>
/// <param name="Reasons">Why it refused; empty when it passed.</param>
/// <param name="Champion">The version that held the alias; absent when there was none.</param>
/// <param name="Comparison">Absent when nothing was compared.</param>
public sealed record GateDecision(bool Passed, IReadOnlyList<string> Reasons, int? Champion, PairedTest? Comparison);
