using MlSystem.Registry.Search;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Models;

/// <summary>Filters and orders registered models and versions.</summary>
internal static class ModelQuery
{
    public const string PromptTag = "mlflow.prompt.is_prompt";

    public static IQueryable<RegisteredModel> Models(RegistryContext db, SearchModels request)
    {
        var (clauses, prompts) = Prompts(FilterParser.Filter(request.Filter));
        var all = db.Models.Where(m => prompts || !db.ModelTags.Any(t => t.ModelId == m.ModelId && t.Key == PromptTag && t.Value == "true"));
        var models = clauses.Aggregate(all, (query, clause) => Where(query, db, clause));
        return FilterParser.Order(request.OrderBy).Aggregate(models, OrderBy).Then(m => m.Name, descending: false);
    }

    /// <summary>Newest first unless the request says otherwise.</summary>
    public static IQueryable<ModelVersion> Versions(RegistryContext db, SearchModels request)
    {
        var (clauses, prompts) = Prompts(FilterParser.Filter(request.Filter));
        var all = db.Versions.Where(v => prompts || !db.VersionTags.Any(t => t.ModelId == v.ModelId && t.Version == v.Version && t.Key == PromptTag && t.Value == "true"));
        var versions = clauses.Aggregate(all, (query, clause) => Where(query, db, clause));
        return FilterParser.Order(request.OrderBy)
            .Aggregate(versions, (query, clause) => OrderBy(query, db, clause))
            .Then(v => v.LastUpdatedTime, descending: true)
            .ThenBy(v => v.ModelId)
            .ThenByDescending(v => v.Version);
    }

    /// <summary>MLflow keeps prompts among the models and finds them only when the filter asks for them; a filter that asks for none is its ordinary case.</summary>
    private static (IReadOnlyList<FilterClause> Clauses, bool Prompts) Prompts(IReadOnlyList<FilterClause> clauses)
    {
        var about = clauses.Where(c => c is { Scope: FilterScope.Tag, Key: PromptTag }).ToList();
        return about.Exists(c => c is { Operator: FilterOperator.Equal, Values: ["true"] }) ? (clauses, true) : ([.. clauses.Except(about)], false);
    }

    private static IQueryable<RegisteredModel> Where(IQueryable<RegisteredModel> models, RegistryContext db, FilterClause clause)
    {
        if (clause.Scope == FilterScope.Tag)
        {
            var tags = db.ModelTags.Where(t => t.Key == clause.Key).WhereText(db, t => t.Value, clause);
            return models.Where(m => tags.Any(t => t.ModelId == m.ModelId));
        }

        return clause is { Scope: FilterScope.Attribute, Key: "name" }
            ? models.WhereText(db, m => m.Name, clause)
            : throw Predicates.Unknown("filter", clause.Key, "name and tags");
    }

    private static IQueryable<ModelVersion> Where(IQueryable<ModelVersion> versions, RegistryContext db, FilterClause clause)
    {
        switch (clause.Scope, clause.Key)
        {
            case (FilterScope.Tag, var key):
                var tags = db.VersionTags.Where(t => t.Key == key).WhereText(db, t => t.Value, clause);
                return versions.Where(v => tags.Any(t => t.ModelId == v.ModelId && t.Version == v.Version));
            case (FilterScope.Attribute, "name"):
                var models = db.Models.WhereText(db, m => m.Name, clause);
                return versions.Where(v => models.Any(m => m.ModelId == v.ModelId));
            case (FilterScope.Attribute, "run_id"):
                return versions.WhereText(db, v => v.RunId, clause);
            case (FilterScope.Attribute, "source_path"):
                return versions.WhereText(db, v => v.Source, clause);
            case (FilterScope.Attribute, "version_number" or "version"):
                return versions.WhereNumber(v => v.Version, clause);
            default:
                throw Predicates.Unknown("filter", clause.Key, "name, version_number, run_id, source_path and tags");
        }
    }

    private static IQueryable<RegisteredModel> OrderBy(IQueryable<RegisteredModel> models, OrderClause clause) => clause.Key switch
    {
        "name" => models.Then(m => m.Name, clause.Descending),
        "creation_timestamp" => models.Then(m => m.CreationTime, clause.Descending),
        "last_updated_timestamp" or "timestamp" => models.Then(m => m.LastUpdatedTime, clause.Descending),
        _ => throw Predicates.Unknown("order_by", clause.Key, "name, creation_timestamp and last_updated_timestamp"),
    };

    private static IQueryable<ModelVersion> OrderBy(IQueryable<ModelVersion> versions, RegistryContext db, OrderClause clause) => clause.Key switch
    {
        "name" => versions.Then(v => db.Models.Where(m => m.ModelId == v.ModelId).Select(m => m.Name).First(), clause.Descending),
        "version_number" or "version" => versions.Then(v => v.Version, clause.Descending),
        "creation_timestamp" => versions.Then(v => v.CreationTime, clause.Descending),
        "last_updated_timestamp" => versions.Then(v => v.LastUpdatedTime, clause.Descending),
        _ => throw Predicates.Unknown("order_by", clause.Key, "name, version_number, creation_timestamp and last_updated_timestamp"),
    };
}
