using System.Globalization;
using Microsoft.Extensions.Options;
using MlSystem.Training.Clients;
using MlSystem.Training.Runs;

namespace MlSystem.Training.Steps;

/// <summary>
/// Logs the run, uploads the model's files, registers exactly one version, waits until it is servable and, when the gate
/// passed, gives it the alias. Each part looks first for what an earlier attempt did: runs are found by their tag, versions by their run.
/// </summary>
public sealed class RegisterStep(RegistryClient registry, IOptions<RunOptions> options, TimeProvider time) : IStep
{
    public const string StepName = "register";
    public const string RegistrationFile = "registration.json";
    public const string RunTag = "mlsystem.pipeline_run_id";
    private const string ArtifactFolder = "model";
    private const string EvaluationFolder = "evaluation";
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    public string Name => StepName;

    public double Weight => 20;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var facts = await RegisterFacts.ReadAsync(context, cancellationToken);
        var model = context.Definition.Register.Model;
        var run = await TrackAsync(context, facts, cancellationToken);
        context.Progress.Report(0.3);
        await registry.EnsureModelAsync(model, cancellationToken);
        var version = (await registry.FindVersionAsync(model, run.RunId, cancellationToken))?.Version
            ?? await CreateAsync(context, facts, run, cancellationToken);
        context.Progress.Report(0.5);
        await WaitUntilServableAsync(model, version, cancellationToken);
        context.Progress.Report(0.9);
        var alias = facts.Gate.Passed ? context.Definition.Register.Alias : null;
        if (alias is not null)
        {
            await registry.SetAliasAsync(model, alias, version, cancellationToken);
        }

        await StepFiles.WriteAsync(
            context.Output(RegistrationFile), new Registration(model, version, run.RunId, alias), TrainingJson.Default.Registration, cancellationToken);
        return new StepFacts(model, version, run.RunId);
    }

    /// <summary>The tracked run of a pipeline run, made by whichever step needs it first.</summary>
    internal static async Task<TrackedRun> EnsureRunAsync(RegistryClient registry, string experiment, StepContext context, CancellationToken cancellationToken) =>
        await registry.FindRunAsync(experiment, RunTag, context.Run.Id, cancellationToken)
        ?? await registry.CreateRunAsync(
            new CreateRunRequest(experiment, RunName(context), context.Run.CreatedAt.ToUnixTimeMilliseconds(), [new(RunTag, context.Run.Id)]), cancellationToken);

    private async Task<TrackedRun> TrackAsync(StepContext context, RegisterFacts facts, CancellationToken cancellationToken)
    {
        var experiment = await registry.EnsureExperimentAsync(context.Run.Pipeline, cancellationToken);
        var now = time.GetUtcNow();
        var run = await EnsureRunAsync(registry, experiment, context, cancellationToken);

        // A metric logged twice under one time and step is one point, so a repeated attempt adds nothing.
        var logged = facts.Training.TrainedAt.ToUnixTimeMilliseconds();
        await registry.LogAsync(
            new LogBatchRequest(
                run.RunId,
                [.. facts.Metrics.Select(m => new Metric(m.Key, m.Value, logged, 0))],
                [.. facts.Training.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => new Tag(p.Key, p.Value))],
                facts.Tags(context)),
            cancellationToken);
        await registry.FinishRunAsync(run.RunId, now, cancellationToken);
        return run;
    }

    private async Task<int> CreateAsync(StepContext context, RegisterFacts facts, TrackedRun run, CancellationToken cancellationToken)
    {
        foreach (var (name, content) in await facts.FilesAsync(context, run.RunId, cancellationToken))
        {
            await registry.UploadAsync(run, $"{ArtifactFolder}/{name}", content, cancellationToken);
        }

        foreach (var file in facts.Evaluation.Files)
        {
            await registry.UploadAsync(run, $"{EvaluationFolder}/{file}", await File.ReadAllBytesAsync(context.Input(EvaluateStep.StepName, file), cancellationToken), cancellationToken);
        }

        return await registry.CreateVersionAsync(
            new CreateVersionRequest(context.Definition.Register.Model, $"{run.ArtifactUri.TrimEnd('/')}/{ArtifactFolder}", run.RunId, facts.Tags(context)), cancellationToken);
    }

    /// <exception cref="StepFailedException">The registry refused the version; its reason is in the message.</exception>
    private async Task WaitUntilServableAsync(string model, int version, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var state = await registry.GetVersionAsync(model, version, cancellationToken);
            switch (state.Status)
            {
                case "servable":
                    return;
                case "refused":
                    throw new StepFailedException($"The registry refused version {version} of {model}: {state.Reason ?? "no reason given"}");
                default:
                    if (time.GetElapsedTime(start) > options.Value.ServableTimeout)
                    {
                        throw new TransientStepException($"Version {version} of {model} is still {state.Status} after {options.Value.ServableTimeout}.");
                    }

                    await Task.Delay(PollInterval, time, cancellationToken);
                    break;
            }
        }
    }

    private static string RunName(StepContext context) => string.Create(CultureInfo.InvariantCulture, $"{context.Run.Pipeline}-{context.Run.CreatedAt:yyyyMMdd-HHmmss}");
}

/// <summary>What was registered: <c>registration.json</c>.</summary>
/// <param name="TrackingRunId">The run in the registry.</param>
/// <param name="Alias">The alias that the version got; absent when the gate refused it or none is declared.</param>
public sealed record Registration(string Model, int Version, string TrackingRunId, string? Alias);
