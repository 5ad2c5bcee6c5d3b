using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Triggers;

/// <summary>Alerts and ended runs: matched with triggers, and held back until a trigger's quiet time is over.</summary>
public sealed class EventTriggers(TriggerPipelines pipelines, TriggerGate gate, TimeProvider time)
{
    /// <summary>Longest evidence that is gathered while events are held back, in characters; later ones are counted.</summary>
    private const int MaxEvidence = 2000;

    public Task AlertAsync(AlertEvent alert, CancellationToken cancellationToken) => EachAsync(
        trigger => Matches(trigger, alert),
        $"alert:{alert.AlertId}",
        $"alert {alert.AlertId} ({alert.Kind}, {alert.Severity}) of endpoint {alert.Endpoint}: {alert.Summary}",
        cancellationToken);

    public Task RunEndedAsync(RunEvent run, CancellationToken cancellationToken) => EachAsync(
        trigger => trigger.Kind == TriggerKind.Upstream && trigger.Pipeline == run.Pipeline && run.State == Runs.RunState.Succeeded,
        $"run:{run.RunId}",
        string.Create(CultureInfo.InvariantCulture, $"run {run.RunId} of pipeline {run.Pipeline} succeeded") + (run.Model is { } model ? string.Create(CultureInfo.InvariantCulture, $" with version {run.Version} of {model}") : ""),
        cancellationToken);

    /// <summary>Starts what was held back long enough.</summary>
    public async Task ReleaseAsync(PipelineView pipeline, TriggerSpec trigger, CancellationToken cancellationToken)
    {
        if (trigger.DebounceSeconds <= 0 || await gate.FindAsync(pipeline.Name, trigger.Name, cancellationToken) is not { PendingUntil: { } until } row || until > time.GetUtcNow())
        {
            return;
        }

        await gate.FireAsync(
            pipeline, trigger, string.Create(CultureInfo.InvariantCulture, $"held:{until.UtcDateTime:O}"), row.PendingEvidence ?? "", cancellationToken,
            change: (kept, _) => (kept.PendingUntil, kept.PendingEvidence) = (null, null));
    }

    private static bool Matches(TriggerSpec trigger, AlertEvent alert) => trigger.Kind == TriggerKind.Drift && trigger.Endpoint == alert.Endpoint
        && (trigger.Alerts.Count == 0 ? alert.Kind.Contains("drift", StringComparison.OrdinalIgnoreCase) : trigger.Alerts.Contains(alert.Kind))
        && (trigger.Severity != AlertSeverity.Critical || alert.Severity == AlertSeverity.Critical);

    private async Task EachAsync(Func<TriggerSpec, bool> matches, string key, string evidence, CancellationToken cancellationToken)
    {
        foreach (var pipeline in await pipelines.AllAsync(cancellationToken))
        {
            foreach (var trigger in pipeline.Definition.Triggers.Where(matches))
            {
                if (trigger.DebounceSeconds <= 0)
                {
                    await gate.FireAsync(pipeline, trigger, key, evidence, cancellationToken);
                }
                else
                {
                    await HoldAsync(pipeline, trigger, evidence, cancellationToken);
                }
            }
        }
    }

    private async Task HoldAsync(PipelineView pipeline, TriggerSpec trigger, string evidence, CancellationToken cancellationToken)
    {
        var held = false;
        while (!held)
        {
            held = await gate.RememberAsync(
                pipeline,
                trigger,
                row =>
                {
                    row.PendingUntil = time.GetUtcNow().AddSeconds(trigger.DebounceSeconds);
                    row.PendingEvidence = row.PendingEvidence is null ? evidence
                        : row.PendingEvidence.Contains(evidence, StringComparison.Ordinal) || row.PendingEvidence.Length > MaxEvidence ? row.PendingEvidence
                        : $"{row.PendingEvidence}; {evidence}";
                },
                cancellationToken);
        }
    }
}
