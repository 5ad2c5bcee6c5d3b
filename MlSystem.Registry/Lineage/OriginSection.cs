using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tracking;
using static MlSystem.Registry.Lineage.LineageNodes;

namespace MlSystem.Registry.Lineage;

/// <summary>Where a version comes from: data, runs, logged model, parent, and the alert that had it trained.</summary>
internal static class OriginSection
{
    /// <summary>Adds it and returns the versions that it is made from.</summary>
    public static async Task<IReadOnlyList<VersionKey>> AddAsync(LineageBuilder graph, RegisteredModel model, ModelVersion version, CancellationToken cancellationToken)
    {
        var own = VersionId(model.Name, version.Version);
        var cited = VersionCitations.Of(version).Lineage;
        var before = new List<VersionKey>();
        if (cited is { PipelineRunId: { } pipelineRun })
        {
            var id = await PipelineRunAsync(graph, pipelineRun, cited.Pipeline, cancellationToken);
            if (version.RunId is null)
            {
                graph.Link(id, own, LineageHop.Registered, "lineage.json: pipeline_run_id");
            }

            before.AddRange(await TriggerAsync(graph, id, cited.Trigger, cancellationToken));
        }

        if (version.RunId is { } run)
        {
            await TrackedRunAsync(graph, run, version, own, cited, cancellationToken);
        }

        if (cited?.ParentVersion is { } parent)
        {
            graph.Link(graph.Add(Version(model.Name, parent)), own, LineageHop.ParentOf, "lineage.json: parent_version");
            before.Add(new(model.Name, parent));
        }

        return before;
    }

    private static async Task<string> PipelineRunAsync(LineageBuilder graph, string run, string? pipeline, CancellationToken cancellationToken) =>
        graph.Add(await graph.Db.LineageRuns.FirstOrDefaultAsync(r => r.RunId == run, cancellationToken) is { } row
            ? PipelineRun(row)
            : PipelineRun(run, pipeline) with { Unavailable = "no event of this run was seen: the log no longer had it, or it has not come yet" });

    /// <summary>The alert behind a run that drift triggered, and the version that it was about.</summary>
    private static async Task<IReadOnlyList<VersionKey>> TriggerAsync(LineageBuilder graph, string run, RunTrigger trigger, CancellationToken cancellationToken)
    {
        const string Cites = "run: trigger.evidence";
        if (trigger.Evidence is not { } evidence)
        {
            return [];
        }

        if (await graph.Db.LineageAlerts.FirstOrDefaultAsync(a => a.AlertId == evidence, cancellationToken) is { } alert)
        {
            graph.Link(graph.Add(Alert(alert)), run, LineageHop.Triggered, Cites);
            return await ConsequenceSection.LinkCauseAsync(graph, alert, cancellationToken);
        }

        if (trigger.Kind == "drift")
        {
            graph.Link(graph.Add(new(AlertId(evidence), LineageType.Alert, evidence) { Unavailable = "this alert was not seen: the log no longer had it, or it has not come yet" }), run, LineageHop.Triggered, Cites);
        }

        return [];
    }

    private static async Task TrackedRunAsync(LineageBuilder graph, string runId, ModelVersion version, string own, ModelLineage? cited, CancellationToken cancellationToken)
    {
        var id = $"run:{runId}";
        var run = await graph.Db.Runs.FirstOrDefaultAsync(r => r.RunId == runId, cancellationToken);
        graph.Add(run is null
            ? new(id, LineageType.Run, runId) { Unavailable = "this registry has no such run: it was purged, or is tracked elsewhere" }
            : await RunNodeAsync(graph, id, run, cited, cancellationToken));
        if (cited?.PipelineRunId is { } pipelineRun)
        {
            graph.Link(PipelineRunId(pipelineRun), id, LineageHop.TrackedAs, "lineage.json: pipeline_run_id, run_id");
        }

        if (version.LoggedModelId is { } logged)
        {
            var model = graph.Add(new($"logged_model:{logged}", LineageType.LoggedModel, logged) { Href = "/api/2.0/mlflow/logged-models/" + Uri.EscapeDataString(logged) });
            graph.Link(id, model, LineageHop.Logged, "version: run_id, model_id");
            graph.Link(model, own, LineageHop.Registered, "version: model_id");
        }
        else
        {
            graph.Link(id, own, LineageHop.Registered, "version: run_id");
        }

        if (cited is not null)
        {
            Data(graph, id, cited);
        }

        await DatasetsAsync(graph, id, runId, cancellationToken);
    }

    private static async Task<LineageNode> RunNodeAsync(LineageBuilder graph, string id, Run run, ModelLineage? cited, CancellationToken cancellationToken)
    {
        var tags = await graph.Db.RunTags.Where(t => t.RunId == run.RunId && t.Key.StartsWith("mlflow.source.")).ToDictionaryAsync(t => t.Key, t => t.Value, cancellationToken);
        return new(id, LineageType.Run, run.Name)
        {
            Time = Time(run.StartTime),
            Href = "/api/2.0/mlflow/runs/get?run_id=" + Uri.EscapeDataString(run.RunId),
            Attributes = Attributes(
                ("experiment_id", run.ExperimentId.ToString(CultureInfo.InvariantCulture)), ("status", run.Status), ("user", run.UserId), ("lifecycle_stage", run.LifecycleStage),
                ("end_time", run.EndTime is { } end ? Time(end) : null),
                ("code_version", cited?.CodeVersion ?? tags.GetValueOrDefault("mlflow.source.git.commit")), ("source", tags.GetValueOrDefault("mlflow.source.name")),
                ("seed", cited?.Seed), ("parameters", cited is null ? null : new JsonObject(cited.Parameters.Select(p => new KeyValuePair<string, JsonNode?>(p.Key, p.Value))))),
        };
    }

    /// <summary>The rows as joined, and the feature service that they were joined through.</summary>
    private static void Data(LineageBuilder graph, string run, ModelLineage cited)
    {
        var data = graph.Add(new($"data:{cited.DataFingerprint}", LineageType.Data, $"training rows {cited.DataFingerprint[..Math.Min(12, cited.DataFingerprint.Length)]}")
        {
            Attributes = Attributes(("fingerprint_sha256", cited.DataFingerprint), ("rows", cited.TrainingRows)),
        });
        graph.Link(data, run, LineageHop.UsedBy, "lineage.json: data_fingerprint");
        if (cited.FeatureService is { } service)
        {
            var joined = graph.Add(new(Text($"feature_service:{service}@{cited.FeatureServiceVersion}"), LineageType.FeatureService, service)
            {
                Href = "/api/feature-services/" + Uri.EscapeDataString(service),
                Attributes = Attributes(("version", cited.FeatureServiceVersion)),
            });
            graph.Link(joined, data, LineageHop.JoinedInto, "lineage.json: feature_service, feature_service_version");
        }
    }

    /// <summary>The data sets that an MLflow client logged as the run's inputs.</summary>
    private static async Task DatasetsAsync(LineageBuilder graph, string id, string runId, CancellationToken cancellationToken)
    {
        foreach (var input in (await InputReader.OfAsync(graph.Db, [runId], cancellationToken)).Datasets[runId])
        {
            var set = input.Dataset!;
            var data = graph.Add(new($"data:{set.Name}@{set.Digest}", LineageType.Data, set.Name!)
            {
                Attributes = Attributes(
                    ("digest", set.Digest), ("source_type", set.SourceType), ("source", set.Source), ("context", input.Tags?.FirstOrDefault(t => t.Key == "mlflow.data.context")?.Value)),
            });
            graph.Link(data, id, LineageHop.UsedBy, "run: inputs.dataset_inputs");
        }
    }
}

/// <summary>Names one version.</summary>
internal sealed record VersionKey(string Model, int Version);
