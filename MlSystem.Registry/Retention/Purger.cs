using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Retention;

/// <summary>Removes for good what was deleted long enough ago, as <c>mlflow gc</c> does; what a registered version still names stays.</summary>
internal sealed class Purger(RegistryDatabase database, TimeProvider time)
{
    public Task<PurgeReport> PurgeAsync(TimeSpan olderThan, IReadOnlyList<long>? experiments, bool dryRun, CancellationToken cancellationToken)
    {
        var limit = (time.GetUtcNow() - olderThan).ToUnixTimeMilliseconds();
        return database.WriteAsync(db => PurgeAsync(db, limit, experiments, dryRun, cancellationToken), cancellationToken);
    }

    private static async Task<PurgeReport> PurgeAsync(RegistryContext db, long limit, IReadOnlyList<long>? experiments, bool dryRun, CancellationToken cancellationToken)
    {
        var kept = new List<KeptItem>();
        var models = await ModelsAsync(db, limit, experiments, kept, cancellationToken);
        var runs = await RunsAsync(db, limit, experiments, kept, cancellationToken);
        var (modelIds, runIds) = (models.ConvertAll(m => m.Id), runs.ConvertAll(r => r.Id));
        var emptied = await ExperimentsAsync(db, limit, experiments, modelIds, runIds, kept, cancellationToken);
        var artifacts = 0;
        foreach (var uri in models.Concat(runs).Select(o => o.Uri))
        {
            artifacts += await ArtifactsAsync(db, uri, dryRun, cancellationToken);
        }

        if (!dryRun)
        {
            Record(db, "logged_model.purged", "logged-models", modelIds);
            Record(db, "run.purged", "runs", runIds);
            Record(db, "experiment.purged", "experiments", emptied.ConvertAll(Text));
            await db.LoggedModels.Where(m => modelIds.Contains(m.ModelId)).ExecuteDeleteAsync(cancellationToken);
            await db.Runs.Where(r => runIds.Contains(r.RunId)).ExecuteDeleteAsync(cancellationToken);
            await db.Experiments.Where(e => emptied.Contains(e.ExperimentId)).ExecuteDeleteAsync(cancellationToken);
        }

        return new(dryRun, runIds, modelIds, [.. emptied.Select(Text)], artifacts, kept);
    }

    private static void Record(RegistryContext db, string action, string kind, List<string> ids)
    {
        foreach (var id in ids)
        {
            db.Audit.Record(action, $"{kind}/{id}");
        }

        db.Audit.Recorded();
    }

    private static async Task<List<(string Id, string Uri)>> RunsAsync(RegistryContext db, long limit, IReadOnlyList<long>? experiments, List<KeptItem> kept, CancellationToken cancellationToken)
    {
        var runs = await db.Runs
            .Where(r => r.LifecycleStage == LifecycleStage.Deleted && (r.DeletedTime ?? 0) <= limit && (experiments == null || experiments.Contains(r.ExperimentId)))
            .OrderBy(r => r.RunId)
            .Select(r => new
            {
                r.RunId,
                r.ArtifactUri,
                Version = db.Versions.Where(v => v.RunId == r.RunId).Join(db.Models, v => v.ModelId, m => m.ModelId, (v, m) => m.Name + " version " + v.Version).FirstOrDefault(),
                Model = db.LoggedModels.Where(m => m.SourceRunId == r.RunId && m.LifecycleStage == LifecycleStage.Active).Select(m => m.ModelId).FirstOrDefault(),
            })
            .ToListAsync(cancellationToken);
        kept.AddRange(runs.Where(r => r.Version is not null).Select(r => new KeptItem("run", r.RunId, $"registered model {r.Version} was made from it")));
        kept.AddRange(runs.Where(r => r.Version is null && r.Model is not null).Select(r => new KeptItem("run", r.RunId, $"logged model {r.Model} was made from it")));
        return [.. runs.Where(r => r.Version is null && r.Model is null).Select(r => (r.RunId, r.ArtifactUri))];
    }

    private static async Task<List<(string Id, string Uri)>> ModelsAsync(RegistryContext db, long limit, IReadOnlyList<long>? experiments, List<KeptItem> kept, CancellationToken cancellationToken)
    {
        var models = await db.LoggedModels
            .Where(m => m.LifecycleStage == LifecycleStage.Deleted && (m.DeletedTime ?? 0) <= limit && (experiments == null || experiments.Contains(m.ExperimentId)))
            .OrderBy(m => m.ModelId)
            .Select(m => new
            {
                m.ModelId,
                m.ArtifactUri,
                Version = db.Versions.Where(v => v.LoggedModelId == m.ModelId).Join(db.Models, v => v.ModelId, r => r.ModelId, (v, r) => r.Name + " version " + v.Version).FirstOrDefault(),
            })
            .ToListAsync(cancellationToken);
        kept.AddRange(models.Where(m => m.Version is not null).Select(m => new KeptItem("logged_model", m.ModelId, $"registered model {m.Version} was made from it")));
        return [.. models.Where(m => m.Version is null).Select(m => (m.ModelId, m.ArtifactUri))];
    }

    /// <summary>Deleted experiments in which nothing is left.</summary>
    private static async Task<List<long>> ExperimentsAsync(
        RegistryContext db, long limit, IReadOnlyList<long>? experiments, List<string> models, List<string> runs, List<KeptItem> kept, CancellationToken cancellationToken)
    {
        var deleted = await db.Experiments
            .Where(e => e.LifecycleStage == LifecycleStage.Deleted && (e.DeletedTime ?? 0) <= limit && (experiments == null || experiments.Contains(e.ExperimentId)))
            .OrderBy(e => e.ExperimentId)
            .Select(e => new
            {
                e.ExperimentId,
                Filled = db.Runs.Any(r => r.ExperimentId == e.ExperimentId && !runs.Contains(r.RunId)) || db.LoggedModels.Any(m => m.ExperimentId == e.ExperimentId && !models.Contains(m.ModelId)),
            })
            .ToListAsync(cancellationToken);
        kept.AddRange(deleted.Where(e => e.Filled).Select(e => new KeptItem("experiment", Text(e.ExperimentId), "runs or logged models in it stay")));
        return [.. deleted.Where(e => !e.Filled).Select(e => e.ExperimentId)];
    }

    private static async Task<int> ArtifactsAsync(RegistryContext db, string uri, bool dryRun, CancellationToken cancellationToken)
    {
        if (ArtifactPath.FromUri(uri) is not { } folder)
        {
            return 0;
        }

        var (from, to) = (folder + "/", folder + "0");
        var below = db.Artifacts.Where(a => a.Path == folder || (string.Compare(a.Path, from) >= 0 && string.Compare(a.Path, to) < 0));
        var files = await below.CountAsync(a => !a.IsDirectory, cancellationToken);
        if (!dryRun)
        {
            await below.ExecuteDeleteAsync(cancellationToken);
        }

        return files;
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
