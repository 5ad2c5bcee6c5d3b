using MlSystem.Registry.Search;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Tracking;

/// <summary>
/// Orders runs as MLflow's <c>runs/search</c> does: runs whose metric is not a number come behind the others, those without the key last,
/// in both directions. Such an order is made of pieces, so that an index gives the first page without a look at every run.
/// </summary>
internal static class RunOrder
{
    /// <summary>All runs of a piece come before those of the next.</summary>
    public static IReadOnlyList<IQueryable<Run>> Pieces(RegistryContext db, IQueryable<Run> runs, IEnumerable<string>? orderings)
    {
        var clauses = FilterParser.Order(orderings);
        var (first, rest) = (clauses.Count == 0 ? null : clauses[0], clauses.Skip(1).ToList());
        var pieces = first?.Scope switch
        {
            FilterScope.Metric => ByMetric(db, runs, first),
            FilterScope.Param => ByParam(db, runs, first),
            FilterScope.Tag => ByTag(db, runs, first),
            _ => [clauses.Take(1).Aggregate(Plain(runs), (query, clause) => OrderBy(query, db, clause))],
        };
        return [.. pieces.Select(piece => rest.Aggregate(piece, (query, clause) => OrderBy(query, db, clause))
            .Then(r => r.Run.StartTime, descending: true).ThenBy(r => r.Run.RunId).Select(r => r.Run))];
    }

    private static IQueryable<Keyed>[] ByMetric(RegistryContext db, IQueryable<Run> runs, OrderClause clause)
    {
        var metrics = db.LatestMetrics.Where(m => m.Key == clause.Key);
        return
        [
            metrics.Where(m => !m.IsNan).Join(runs, m => m.RunId, r => r.RunId, (m, r) => new Keyed { Run = r, Number = m.Value }).Then(r => r.Number, clause.Descending),
            metrics.Where(m => m.IsNan).Join(runs, m => m.RunId, r => r.RunId, (m, r) => new Keyed { Run = r }),
            Plain(runs.Where(r => !metrics.Any(m => m.RunId == r.RunId))),
        ];
    }

    private static IQueryable<Keyed>[] ByParam(RegistryContext db, IQueryable<Run> runs, OrderClause clause)
    {
        var parameters = db.RunParams.Where(p => p.Key == clause.Key);
        return
        [
            parameters.Join(runs, p => p.RunId, r => r.RunId, (p, r) => new Keyed { Run = r, Text = p.Value }).ThenIndexedText(db, r => r.Text, clause.Descending),
            Plain(runs.Where(r => !parameters.Any(p => p.RunId == r.RunId))),
        ];
    }

    private static IQueryable<Keyed>[] ByTag(RegistryContext db, IQueryable<Run> runs, OrderClause clause)
    {
        var tags = db.RunTags.Where(t => t.Key == clause.Key);
        return
        [
            tags.Join(runs, t => t.RunId, r => r.RunId, (t, r) => new Keyed { Run = r, Text = t.Value }).ThenIndexedText(db, r => r.Text, clause.Descending),
            Plain(runs.Where(r => !tags.Any(t => t.RunId == r.RunId))),
        ];
    }

    private static IQueryable<Keyed> Plain(IQueryable<Run> runs) => runs.Select(r => new Keyed { Run = r });

    /// <summary>An ordering that is not the first: the value is looked up for each run.</summary>
    private static IQueryable<Keyed> OrderBy(IQueryable<Keyed> runs, RegistryContext db, OrderClause clause) => clause.Scope switch
    {
        FilterScope.Metric => runs
            .Then(r => db.LatestMetrics.Where(m => m.RunId == r.Run.RunId && m.Key == clause.Key).Select(m => (int?)(m.IsNan ? 1 : 0)).FirstOrDefault() ?? 2, descending: false)
            .Then(r => db.LatestMetrics.Where(m => m.RunId == r.Run.RunId && m.Key == clause.Key).Select(m => (double?)m.Value).FirstOrDefault(), clause.Descending),
        FilterScope.Param => runs
            .Then(r => db.RunParams.Any(p => p.RunId == r.Run.RunId && p.Key == clause.Key) ? 0 : 1, descending: false)
            .Then(r => db.RunParams.Where(p => p.RunId == r.Run.RunId && p.Key == clause.Key).Select(p => p.Value).FirstOrDefault(), clause.Descending),
        FilterScope.Tag => runs
            .Then(r => db.RunTags.Any(t => t.RunId == r.Run.RunId && t.Key == clause.Key) ? 0 : 1, descending: false)
            .Then(r => db.RunTags.Where(t => t.RunId == r.Run.RunId && t.Key == clause.Key).Select(t => t.Value).FirstOrDefault(), clause.Descending),
        FilterScope.Dataset => throw Predicates.Unknown("order_by", "dataset." + clause.Key, RunQuery.Known),
        _ => OrderByAttribute(runs, clause),
    };

    private static IQueryable<Keyed> OrderByAttribute(IQueryable<Keyed> runs, OrderClause clause) => clause.Key switch
    {
        "run_id" => runs.Then(r => r.Run.RunId, clause.Descending),
        "run_name" or "Run Name" or "Run name" or "run name" => runs.Then(r => r.Run.Name, clause.Descending),
        "status" => runs.Then(r => r.Run.Status, clause.Descending),
        "user_id" => runs.Then(r => r.Run.UserId, clause.Descending),
        "artifact_uri" => runs.Then(r => r.Run.ArtifactUri, clause.Descending),
        "start_time" or "Created" or "created" => runs.Then(r => r.Run.StartTime, clause.Descending),
        "end_time" => runs.Then(r => r.Run.EndTime == null ? 1 : 0, descending: false).Then(r => r.Run.EndTime, clause.Descending),
        _ => throw Predicates.Unknown("order_by", clause.Key, RunQuery.Known),
    };

    /// <summary>A run with the value that it is ordered by.</summary>
    private sealed class Keyed
    {
        public required Run Run { get; init; }
        public double? Number { get; init; }
        public string? Text { get; init; }
    }
}
