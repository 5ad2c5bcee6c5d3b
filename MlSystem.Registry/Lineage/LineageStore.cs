using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Lineage;

/// <summary>Keeps alerts and runs as the event log tells them. Everything is keyed, so that events that come again change nothing.</summary>
internal sealed class LineageStore(RegistryDatabase database)
{
    public Task AddAlertsAsync(IReadOnlyList<AlertEvent> alerts, IReadOnlyList<RejectedEvent> rejected, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            var ids = alerts.Select(a => a.AlertId).Distinct(StringComparer.Ordinal).ToList();
            var known = await db.LineageAlerts.Where(a => ids.Contains(a.AlertId)).Select(a => a.AlertId).ToListAsync(cancellationToken);
            db.LineageAlerts.AddRange(alerts.Where(a => !known.Contains(a.AlertId)).DistinctBy(a => a.AlertId).Select(Row));
            await PutAsideAsync(db, rejected, cancellationToken);
        },
        cancellationToken);

    /// <summary>Of several states of a run the latest stays, in whatever order they come.</summary>
    public Task AddRunsAsync(IReadOnlyList<RunEvent> runs, IReadOnlyList<RejectedEvent> rejected, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            var ids = runs.Select(r => r.RunId).Distinct(StringComparer.Ordinal).ToList();
            var rows = await db.LineageRuns.Where(r => ids.Contains(r.RunId)).ToDictionaryAsync(r => r.RunId, cancellationToken);
            foreach (var run in runs)
            {
                if (rows.TryGetValue(run.RunId, out var row))
                {
                    Follow(row, run);
                }
                else
                {
                    rows[run.RunId] = Row(run);
                    db.LineageRuns.Add(rows[run.RunId]);
                }
            }

            await PutAsideAsync(db, rejected, cancellationToken);
        },
        cancellationToken);

    private static void Follow(LineageRun row, RunEvent run)
    {
        if (run.Time.ToUnixTimeMilliseconds() >= row.Time)
        {
            (row.State, row.Error, row.Time) = (run.State, run.Error, run.Time.ToUnixTimeMilliseconds());
            (row.Model, row.Version) = (run.Model ?? row.Model, run.Version ?? row.Version);
        }
    }

    private static async Task PutAsideAsync(RegistryContext db, IReadOnlyList<RejectedEvent> rejected, CancellationToken cancellationToken)
    {
        foreach (var e in rejected)
        {
            if (await db.RejectedEvents.FindAsync([e.Topic, e.Partition, e.Offset], cancellationToken) is null)
            {
                db.RejectedEvents.Add(e);
            }
        }
    }

    private static LineageAlert Row(AlertEvent alert) => new()
    {
        AlertId = alert.AlertId,
        Kind = alert.Kind,
        Severity = alert.Severity,
        Endpoint = alert.Endpoint,
        Model = alert.Model,
        Version = alert.Version,
        Summary = alert.Summary,
        Time = alert.Time.ToUnixTimeMilliseconds(),
        Evidence = JsonSerializer.Serialize(alert.Evidence, ContractsJson.Default.IReadOnlyDictionaryStringString),
    };

    private static LineageRun Row(RunEvent run) => new()
    {
        RunId = run.RunId,
        Pipeline = run.Pipeline,
        State = run.State,
        TriggerKind = run.Trigger.Kind,
        TriggerEvidence = run.Trigger.Evidence,
        Model = run.Model,
        Version = run.Version,
        Error = run.Error,
        FirstTime = run.Time.ToUnixTimeMilliseconds(),
        Time = run.Time.ToUnixTimeMilliseconds(),
    };
}
