using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Training.Clients;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Sessions;
using MlSystem.Training.Learners.Storage;
using MlSystem.Training.Runs;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Learners.Snapshots;

/// <summary>
/// Registers waiting snapshots as ordinary versions, oldest first. What an attempt has done is looked for by the next one:
/// the tracked run by its tag, the version by its run.
/// </summary>
internal sealed class SnapshotPublisher(IDbContextFactory<TrainingContext> contexts, RegistryClient registry, IOptions<RunOptions> options, TimeProvider time)
{
    private const string RunTag = "mlsystem.learner_snapshot";
    private const string ArtifactFolder = "model";
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <exception cref="TransientStepException">The registry is away; the rest waits.</exception>
    public async Task PublishAsync(LearnerLease lease, LearnerDefinition definition, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var waiting = await context.LearnerSnapshots.Where(s => s.LearnerId == lease.Id && s.State == SnapshotState.Pending)
            .OrderBy(s => s.Number).Select(s => s.Number).ToListAsync(cancellationToken);
        foreach (var number in waiting)
        {
            var snapshot = await context.LearnerSnapshots.AsNoTracking().SingleAsync(s => s.LearnerId == lease.Id && s.Number == number, cancellationToken);
            if (snapshot is { State: SnapshotState.Pending, Data: not null })
            {
                await RegisterAsync(context, definition, snapshot, cancellationToken);
            }
        }
    }

    private async Task RegisterAsync(TrainingContext context, LearnerDefinition definition, LearnerSnapshotRow snapshot, CancellationToken cancellationToken)
    {
        var progress = LearnerVault.Progress(snapshot.Progress);
        var refusals = Refusals(definition, progress);
        string state;
        string? reason = refusals.Count == 0 ? null : string.Join("; ", refusals);
        int? version = null;
        string? run = null;
        try
        {
            var model = definition.Snapshots?.Model ?? definition.Name;
            var tracked = await TrackAsync(definition, snapshot, progress, reason, cancellationToken);
            run = tracked.RunId;
            await registry.EnsureModelAsync(model, cancellationToken);
            version = (await registry.FindVersionAsync(model, run, cancellationToken))?.Version
                ?? await CreateAsync(model, definition, snapshot, progress, tracked, Tags(snapshot, reason), cancellationToken);
            reason = await ValidatedAsync(model, version.Value, cancellationToken) ?? reason;
            state = reason is null ? SnapshotState.Registered : SnapshotState.Refused;
            if (reason is null && definition.Snapshots?.Alias is { } alias)
            {
                await registry.SetAliasAsync(model, alias, version.Value, cancellationToken);
            }
        }
        catch (Exception error) when (error is StepFailedException or InvalidDataException)
        {
            (state, reason) = (SnapshotState.Failed, error.Message);
        }

        await context.LearnerSnapshots.Where(s => s.LearnerId == snapshot.LearnerId && s.Number == snapshot.Number).ExecuteUpdateAsync(
            set => set.SetProperty(s => s.State, state).SetProperty(s => s.Reason, reason).SetProperty(s => s.ModelVersion, version).SetProperty(s => s.TrackingRunId, run), cancellationToken);
    }

    /// <summary>The gate's bounds that the window's metrics break.</summary>
    internal static IReadOnlyList<string> Refusals(LearnerDefinition definition, LearnerProgress progress) =>
    [
        .. (definition.Snapshots?.Gate ?? []).Select(gate => !progress.Window.TryGetValue(gate.Metric, out var value) ? $"{gate.Metric} is not known yet"
            : value < gate.Min ? string.Create(CultureInfo.InvariantCulture, $"{gate.Metric} {value:R} is below {gate.Min:R}")
            : value > gate.Max ? string.Create(CultureInfo.InvariantCulture, $"{gate.Metric} {value:R} is above {gate.Max:R}")
            : null).OfType<string>(),
    ];

    private async Task<TrackedRun> TrackAsync(LearnerDefinition definition, LearnerSnapshotRow snapshot, LearnerProgress progress, string? refusal, CancellationToken cancellationToken)
    {
        var id = $"{snapshot.LearnerId}/{snapshot.Number.ToString(CultureInfo.InvariantCulture)}";
        var experiment = await registry.EnsureExperimentAsync(definition.Name, cancellationToken);
        var started = snapshot.CreatedAt.ToUnixTimeMilliseconds();
        var run = await registry.FindRunAsync(experiment, RunTag, id, cancellationToken)
            ?? await registry.CreateRunAsync(
                new CreateRunRequest(experiment, string.Create(CultureInfo.InvariantCulture, $"{definition.Name}-{snapshot.Number}"), started, [new(RunTag, id)]), cancellationToken);
        await registry.LogAsync(
            new LogBatchRequest(
                run.RunId,
                [.. SnapshotFiles.Metrics(progress).Select(m => new Metric(m.Key, m.Value, started, progress.Rows))],
                [.. SnapshotFiles.Parameters(definition).Select(p => new Tag(p.Key, p.Value))],
                Tags(snapshot, refusal)),
            cancellationToken);
        await registry.FinishRunAsync(run.RunId, snapshot.CreatedAt, cancellationToken);
        return run;
    }

    private async Task<int> CreateAsync(
        string model, LearnerDefinition definition, LearnerSnapshotRow snapshot, LearnerProgress progress, TrackedRun run, IReadOnlyList<Tag> tags, CancellationToken cancellationToken)
    {
        foreach (var (name, content) in SnapshotFiles.Of(definition, snapshot, progress, run.RunId))
        {
            await registry.UploadAsync(run, $"{ArtifactFolder}/{name}", content, cancellationToken);
        }

        return await registry.CreateVersionAsync(new CreateVersionRequest(model, $"{run.ArtifactUri.TrimEnd('/')}/{ArtifactFolder}", run.RunId, tags), cancellationToken);
    }

    /// <returns>Why the registry refused it; null: it is servable.</returns>
    private async Task<string?> ValidatedAsync(string model, int version, CancellationToken cancellationToken)
    {
        for (var start = time.GetTimestamp(); ; await Task.Delay(PollInterval, time, cancellationToken))
        {
            var state = await registry.GetVersionAsync(model, version, cancellationToken);
            switch (state.Status)
            {
                case "servable":
                    return null;
                case "refused":
                    return $"the registry refused version {version}: {state.Reason ?? "no reason given"}";
            }

            if (time.GetElapsedTime(start) > options.Value.ServableTimeout)
            {
                throw new TransientStepException($"Version {version} of {model} is still {state.Status} after {options.Value.ServableTimeout}.");
            }
        }
    }

    private static IReadOnlyList<Tag> Tags(LearnerSnapshotRow snapshot, string? refusal) =>
    [
        new(RunTag, $"{snapshot.LearnerId}/{snapshot.Number.ToString(CultureInfo.InvariantCulture)}"),
        new("mlsystem.gate", refusal is null ? "passed" : "refused"),
        .. refusal is null ? Array.Empty<Tag>() : [new Tag("mlsystem.gate_reason", refusal)],
    ];
}
