using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Search;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tracking;

namespace MlSystem.Registry.LoggedModels;

/// <summary>Filters and orders logged models as MLflow's <c>logged-models/search</c> does.</summary>
internal static class LoggedModelQuery
{
    private const string Known = "name, model_id, model_type, status, source_run_id, creation_timestamp, last_updated_timestamp, metrics, params and tags";

    /// <summary>Newest first unless the request says otherwise.</summary>
    public static IQueryable<LoggedModel> Build(RegistryContext db, SearchLoggedModels request)
    {
        var ids = (request.ExperimentIds ?? []).Select(ExperimentStore.Id).ToList();
        var models = db.LoggedModels.Where(m => ids.Contains(m.ExperimentId) && m.LifecycleStage == LifecycleStage.Active);
        var filtered = FilterParser.Filter(request.Filter).Aggregate(models, (query, clause) => Where(query, db, clause, request.Datasets ?? []));
        var ordered = (request.OrderBy ?? []).Aggregate(filtered, (query, order) => OrderBy(query, db, order));
        return ordered.Then(m => m.CreationTime, descending: true).ThenBy(m => m.ModelId);
    }

    private static IQueryable<LoggedModel> Where(IQueryable<LoggedModel> models, RegistryContext db, FilterClause clause, IReadOnlyList<DatasetFilter> datasets)
    {
        switch (clause.Scope)
        {
            case FilterScope.Metric:
                var metrics = OfDatasets(LoggedModelReader.Latest(db).Where(m => m.Key == clause.Key && !m.IsNan), datasets).WhereNumber(m => m.Value, clause);
                return models.Where(m => metrics.Any(x => x.ModelId == m.ModelId));
            case FilterScope.Param:
                var parameters = db.LoggedModelParams.Where(p => p.Key == clause.Key).WhereText(db, p => p.Value, clause);
                return models.Where(m => parameters.Any(p => p.ModelId == m.ModelId));
            case FilterScope.Tag:
                var tags = db.LoggedModelTags.Where(t => t.Key == clause.Key).WhereText(db, t => t.Value, clause);
                return models.Where(m => tags.Any(t => t.ModelId == m.ModelId));
            default:
                return WhereAttribute(models, db, clause);
        }
    }

    private static IQueryable<LoggedModelMetric> OfDatasets(IQueryable<LoggedModelMetric> metrics, IReadOnlyList<DatasetFilter> datasets)
    {
        if (datasets.Count == 0)
        {
            return metrics;
        }

        var names = datasets.Where(d => string.IsNullOrEmpty(d.DatasetDigest)).Select(d => Require.Text(d.DatasetName, "datasets.dataset_name")).ToList();
        var exact = datasets.Where(d => !string.IsNullOrEmpty(d.DatasetDigest)).Select(d => $"{Require.Text(d.DatasetName, "datasets.dataset_name")}\n{d.DatasetDigest}").ToList();
        return metrics.Where(m => names.Contains(m.DatasetName) || exact.Contains(m.DatasetName + "\n" + m.DatasetDigest));
    }

    private static IQueryable<LoggedModel> WhereAttribute(IQueryable<LoggedModel> models, RegistryContext db, FilterClause clause) => (clause.Scope, clause.Key) switch
    {
        (FilterScope.Attribute, "name") => models.WhereText(db, m => m.Name, clause),
        (FilterScope.Attribute, "model_id") => models.WhereText(db, m => m.ModelId, clause),
        (FilterScope.Attribute, "model_type") => models.WhereText(db, m => m.ModelType, clause),
        // MLflow's clients write READY for LOGGED_MODEL_READY.
        (FilterScope.Attribute, "status") => models.WhereText(db, m => m.Status, clause with { Values = [.. clause.Values.Select(Status)] }),
        (FilterScope.Attribute, "source_run_id") => models.WhereText(db, m => m.SourceRunId, clause),
        (FilterScope.Attribute, "creation_timestamp" or "creation_time") => models.WhereNumber(m => m.CreationTime, clause),
        (FilterScope.Attribute, "last_updated_timestamp" or "last_updated_time") => models.WhereNumber(m => m.LastUpdatedTime, clause),
        _ => throw Predicates.Unknown("filter", clause.Key, Known),
    };

    private static string Status(string written) => written switch
    {
        "PENDING" or "READY" => "LOGGED_MODEL_" + written,
        "FAILED" => "LOGGED_MODEL_UPLOAD_FAILED",
        _ => written,
    };

    private static IQueryable<LoggedModel> OrderBy(IQueryable<LoggedModel> models, RegistryContext db, LoggedModelOrder order)
    {
        var field = Require.Text(order.FieldName, "order_by.field_name");
        var descending = order.Ascending == false;
        var clause = FilterParser.Order([field])[0];
        if (clause.Scope == FilterScope.Metric)
        {
            var metrics = LoggedModelReader.Latest(db).Where(m => m.Key == clause.Key && !m.IsNan);
            metrics = string.IsNullOrEmpty(order.DatasetName) ? metrics : OfDatasets(metrics, [new(order.DatasetName, order.DatasetDigest)]);
            return models
                .Then(m => metrics.Any(x => x.ModelId == m.ModelId) ? 0 : 1, descending: false)
                .Then(m => metrics.Where(x => x.ModelId == m.ModelId).OrderByDescending(x => x.Timestamp).Select(x => (double?)x.Value).FirstOrDefault(), descending);
        }

        return (clause.Scope, clause.Key) switch
        {
            (FilterScope.Attribute, "name") => models.Then(m => m.Name, descending),
            (FilterScope.Attribute, "model_id") => models.Then(m => m.ModelId, descending),
            (FilterScope.Attribute, "model_type") => models.Then(m => m.ModelType, descending),
            (FilterScope.Attribute, "status") => models.Then(m => m.Status, descending),
            (FilterScope.Attribute, "source_run_id") => models.Then(m => m.SourceRunId, descending),
            (FilterScope.Attribute, "creation_timestamp" or "creation_time") => models.Then(m => m.CreationTime, descending),
            (FilterScope.Attribute, "last_updated_timestamp" or "last_updated_time") => models.Then(m => m.LastUpdatedTime, descending),
            _ => throw Predicates.Unknown("order_by", field, Known),
        };
    }
}
