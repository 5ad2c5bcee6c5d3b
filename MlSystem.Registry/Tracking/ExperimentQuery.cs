using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Search;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Tracking;

/// <summary>Filters and orders experiments.</summary>
internal static class ExperimentQuery
{
    private const string Known = "name, creation_time, last_update_time and tags";

    public static IQueryable<Experiment> Build(RegistryContext db, SearchExperiments request)
    {
        var experiments = FilterParser.Filter(request.Filter).Aggregate(db.Experiments.OfStage(request.ViewType), (query, clause) => Where(query, db, clause));
        var ordered = FilterParser.Order(request.OrderBy).Aggregate(experiments, OrderBy);
        return ordered.Then(e => e.CreationTime, descending: true).ThenByDescending(e => e.ExperimentId);
    }

    private static IQueryable<Experiment> OfStage(this IQueryable<Experiment> experiments, string? viewType) => viewType switch
    {
        null or "ACTIVE_ONLY" => experiments.Where(e => e.LifecycleStage == LifecycleStage.Active),
        "DELETED_ONLY" => experiments.Where(e => e.LifecycleStage == LifecycleStage.Deleted),
        "ALL" => experiments,
        _ => throw MlflowError.Invalid($"Invalid value '{viewType}' for parameter 'view_type': ACTIVE_ONLY, DELETED_ONLY or ALL."),
    };

    private static IQueryable<Experiment> Where(IQueryable<Experiment> experiments, RegistryContext db, FilterClause clause)
    {
        if (clause.Scope == FilterScope.Tag)
        {
            var tags = db.ExperimentTags.Where(t => t.Key == clause.Key);
            tags = clause.AsksForPresence ? tags : tags.WhereText(db, t => t.Value, clause);
            return clause.IsAbsence ? experiments.Where(e => !tags.Any(t => t.ExperimentId == e.ExperimentId)) : experiments.Where(e => tags.Any(t => t.ExperimentId == e.ExperimentId));
        }

        return (clause.Scope, clause.Key) switch
        {
            (FilterScope.Attribute, "name") => experiments.WhereText(db, e => e.Name, clause),
            (FilterScope.Attribute, "creation_time") => experiments.WhereNumber(e => e.CreationTime, clause),
            (FilterScope.Attribute, "last_update_time") => experiments.WhereNumber(e => e.LastUpdateTime, clause),
            _ => throw Predicates.Unknown("filter", clause.Key, Known),
        };
    }

    private static IQueryable<Experiment> OrderBy(IQueryable<Experiment> experiments, OrderClause clause) => (clause.Scope, clause.Key) switch
    {
        (FilterScope.Attribute, "name") => experiments.Then(e => e.Name, clause.Descending),
        (FilterScope.Attribute, "experiment_id") => experiments.Then(e => e.ExperimentId, clause.Descending),
        (FilterScope.Attribute, "creation_time") => experiments.Then(e => e.CreationTime, clause.Descending),
        (FilterScope.Attribute, "last_update_time") => experiments.Then(e => e.LastUpdateTime, clause.Descending),
        _ => throw Predicates.Unknown("order_by", clause.Key, "name, experiment_id, creation_time and last_update_time"),
    };
}
