using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Storage;
using static MlSystem.Registry.Lineage.LineageNodes;

namespace MlSystem.Registry.Lineage;

/// <summary>What came of a version's serving: alerts, the runs that they triggered, the versions of these, and versions trained after it.</summary>
internal static class ConsequenceSection
{
    /// <summary>Adds it and returns the versions that followed.</summary>
    public static async Task<IReadOnlyList<VersionKey>> AddAsync(
        LineageBuilder graph, RegisteredModel model, NameSpan name, int version, IReadOnlyList<ServingSpan> spans, CancellationToken cancellationToken)
    {
        var next = new List<VersionKey>();
        var own = VersionId(model.Name, version);
        foreach (var alert in await AlertsAsync(graph, name, version, spans, cancellationToken))
        {
            graph.Add(Alert(alert));
            if (await LinkCauseAsync(graph, alert, cancellationToken, spans) is [])
            {
                LinkEndpoint(graph, alert, name.Name, version, spans);
            }

            next.AddRange(await RunsAsync(graph, alert.AlertId, cancellationToken));
        }

        if (name.Until != long.MaxValue)
        {
            return next;
        }

        var children = await graph.Db.VersionOrigins.Where(o => o.ModelId == model.ModelId && o.ParentVersion == version).OrderByDescending(o => o.Version).Select(o => o.Version).ToListAsync(cancellationToken);
        foreach (var child in graph.Take(LineageType.Version, [.. children.Take(graph.Max)], children.Count))
        {
            graph.Link(own, graph.Add(Version(model.Name, child)), LineageHop.ParentOf, "lineage.json: parent_version");
            next.Add(new(model.Name, child));
        }

        return next;
    }

    /// <summary>Links an alert that names a version to what that version did; returns the version, or nothing when the alert names none.</summary>
    public static async Task<IReadOnlyList<VersionKey>> LinkCauseAsync(
        LineageBuilder graph, LineageAlert alert, CancellationToken cancellationToken, IReadOnlyList<ServingSpan>? spans = null)
    {
        if (alert is not { Model: { } model, Version: { } version })
        {
            return [];
        }

        var present = await ModelNames.PresentAsync(graph.Db, model, alert.Time, cancellationToken);

        var revision = RevisionOf(alert) ?? spans?.FirstOrDefault(s => s.Endpoint == alert.Endpoint && s.From <= alert.Time && alert.Time < s.Until)?.Revision;
        var predictions = PredictionSection.Id(alert.Endpoint, revision, model, version);
        var cause = graph.Has(predictions) ? predictions
            : revision is { } number && graph.Has(RevisionId(alert.Endpoint, number)) ? RevisionId(alert.Endpoint, number)
            : graph.Add(Version(present, version));
        graph.Link(cause, AlertId(alert.AlertId), LineageHop.Raised, "alert: endpoint, model, version" + (RevisionOf(alert) is null ? "" : ", evidence.revision"));
        return [new(present, version)];
    }

    /// <summary>Alerts that name the version, and alerts on a whole endpoint while the version served there.</summary>
    private static async Task<List<LineageAlert>> AlertsAsync(LineageBuilder graph, NameSpan name, int version, IReadOnlyList<ServingSpan> spans, CancellationToken cancellationToken)
    {
        var endpoints = spans.Select(s => s.Endpoint).Distinct().ToList();
        var (from, to) = spans.Count == 0 ? (0, 0) : (spans.Min(s => s.From), spans.Max(s => s.Until));
        var found = await graph.Db.LineageAlerts
            .Where(a => (a.Model == name.Name && a.Version == version && a.Time >= name.From && a.Time < name.Until) || (a.Version == null && endpoints.Contains(a.Endpoint) && a.Time >= from && a.Time < to))
            .OrderByDescending(a => a.Time).ThenBy(a => a.AlertId).ToListAsync(cancellationToken);
        var own = found.FindAll(a => a.Version is not null || spans.Any(s => s.Endpoint == a.Endpoint && s.From <= a.Time && a.Time < s.Until));
        return graph.Take(LineageType.Alert, [.. own.Take(graph.Max)], own.Count);
    }

    private static void LinkEndpoint(LineageBuilder graph, LineageAlert alert, string model, int version, IReadOnlyList<ServingSpan> spans)
    {
        foreach (var span in spans.Where(s => s.Endpoint == alert.Endpoint && s.From <= alert.Time && alert.Time < s.Until))
        {
            var predictions = PredictionSection.Id(span.Endpoint, span.Revision, model, version);
            graph.Link(graph.Has(predictions) ? predictions : span.Id, AlertId(alert.AlertId), LineageHop.Raised, "alert: endpoint, time");
        }
    }

    /// <summary>Runs that cite an alert: as the event log told them, and as versions cite them.</summary>
    private static async Task<IReadOnlyList<VersionKey>> RunsAsync(LineageBuilder graph, string alert, CancellationToken cancellationToken)
    {
        var all = graph.Db.LineageRuns.Where(r => r.TriggerEvidence == alert);
        var runs = await all.OrderByDescending(r => r.FirstTime).ThenBy(r => r.RunId).Take(graph.Max).ToListAsync(cancellationToken);
        foreach (var run in graph.Take(LineageType.PipelineRun, runs, await all.CountAsync(cancellationToken)))
        {
            graph.Link(AlertId(alert), graph.Add(PipelineRun(run)), LineageHop.Triggered, "run: trigger.evidence");
        }

        var next = new List<VersionKey>();
        var versions = await graph.Db.VersionOrigins.Where(o => o.TriggerEvidence == alert)
            .Join(graph.Db.Models, o => o.ModelId, m => m.ModelId, (o, m) => new { m.Name, o.Version, o.PipelineRunId }).OrderByDescending(v => v.Version).Take(graph.Max).ToListAsync(cancellationToken);
        foreach (var version in versions)
        {
            var id = graph.Add(Version(version.Name, version.Version));
            next.Add(new(version.Name, version.Version));
            if (version.PipelineRunId is { } run)
            {
                graph.Link(AlertId(alert), graph.Add(PipelineRun(run, pipeline: null)), LineageHop.Triggered, "lineage.json: trigger.evidence");
                graph.Link(PipelineRunId(run), id, LineageHop.Registered, "lineage.json: pipeline_run_id");
            }
            else
            {
                graph.Link(AlertId(alert), id, LineageHop.Triggered, "lineage.json: trigger.evidence");
            }
        }

        return next;
    }

    /// <summary>The endpoint's revision, where the alert's evidence says which.</summary>
    private static long? RevisionOf(LineageAlert alert) =>
        Stored(alert.Evidence) is JsonObject evidence && evidence["revision"] is JsonValue value
            && long.TryParse(value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : null;
}
