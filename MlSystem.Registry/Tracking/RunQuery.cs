using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Search;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Tracking;

/// <summary>Filters runs as MLflow's <c>runs/search</c> does.</summary>
internal static class RunQuery
{
    internal const string Known = "run_id, run_name, status, user_id, artifact_uri, start_time, end_time, metrics, params, tags and datasets (name, digest, context)";

    /// <summary>The runs that a search finds, unordered.</summary>
    public static IQueryable<Run> Filtered(RegistryContext db, SearchRuns request)
    {
        var ids = (request.ExperimentIds ?? []).Select(ExperimentStore.Id).ToList();
        var runs = OfStage(db.Runs.Where(r => ids.Contains(r.ExperimentId)), request.RunViewType);
        return FilterParser.Filter(request.Filter).Aggregate(runs, (query, clause) => Where(query, db, clause));
    }

    private static IQueryable<Run> OfStage(IQueryable<Run> runs, string? viewType) => viewType switch
    {
        null or "ACTIVE_ONLY" => runs.Where(r => r.LifecycleStage == LifecycleStage.Active),
        "DELETED_ONLY" => runs.Where(r => r.LifecycleStage == LifecycleStage.Deleted),
        "ALL" => runs,
        _ => throw MlflowError.Invalid($"Invalid value '{viewType}' for parameter 'run_view_type': ACTIVE_ONLY, DELETED_ONLY or ALL."),
    };

    private static IQueryable<Run> Where(IQueryable<Run> runs, RegistryContext db, FilterClause clause)
    {
        switch (clause.Scope)
        {
            case FilterScope.Metric:
                var metrics = db.LatestMetrics.Where(m => m.Key == clause.Key && !m.IsNan).WhereNumber(m => m.Value, clause);
                return runs.Where(r => metrics.Any(m => m.RunId == r.RunId));
            case FilterScope.Param:
                var parameters = db.RunParams.Where(p => p.Key == clause.Key).WhereIndexedText(db, p => p.Value, clause);
                return clause.IsAbsence ? runs.Where(r => !parameters.Any(p => p.RunId == r.RunId)) : runs.Where(r => parameters.Any(p => p.RunId == r.RunId));
            case FilterScope.Tag:
                var tags = db.RunTags.Where(t => t.Key == clause.Key).WhereIndexedText(db, t => t.Value, clause);
                return clause.IsAbsence ? runs.Where(r => !tags.Any(t => t.RunId == r.RunId)) : runs.Where(r => tags.Any(t => t.RunId == r.RunId));
            case FilterScope.Dataset:
                var datasets = WhereDataset(db, clause);
                return runs.Where(r => datasets.Contains(r.RunId));
            default:
                return WhereAttribute(runs, db, clause);
        }
    }

    private static IQueryable<string> WhereDataset(RegistryContext db, FilterClause clause) => clause.Key switch
    {
        "name" => db.RunDatasets.WhereText(db, d => d.Name, clause).Select(d => d.RunId),
        "digest" => db.RunDatasets.WhereText(db, d => d.Digest, clause).Select(d => d.RunId),
        "context" => db.RunDatasetTags.Where(t => t.Key == "mlflow.data.context").WhereText(db, t => t.Value, clause).Select(t => t.RunId),
        _ => throw Predicates.Unknown("filter", "dataset." + clause.Key, "dataset.name, dataset.digest and dataset.context"),
    };

    private static IQueryable<Run> WhereAttribute(IQueryable<Run> runs, RegistryContext db, FilterClause clause) => clause.Key switch
    {
        "run_id" => runs.WhereText(db, r => r.RunId, clause),
        "run_name" or "Run name" or "run name" => runs.WhereText(db, r => r.Name, clause),
        "status" => runs.WhereText(db, r => r.Status, clause),
        "user_id" => runs.WhereText(db, r => r.UserId, clause),
        "artifact_uri" => runs.WhereText(db, r => r.ArtifactUri, clause),
        "start_time" or "created" => runs.WhereNumber(r => r.StartTime, clause),
        "end_time" => runs.WhereNumber(r => r.EndTime, clause),
        _ => throw Predicates.Unknown("filter", clause.Key, Known),
    };
}
