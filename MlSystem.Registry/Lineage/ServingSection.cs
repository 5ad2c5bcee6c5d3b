using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Storage;
using static MlSystem.Registry.Lineage.LineageNodes;

namespace MlSystem.Registry.Lineage;

/// <summary>How a version came to serve: promotions and the revisions of endpoints that have it.</summary>
internal static class ServingSection
{
    /// <summary>Adds what there was under one of the model's names and returns the spans of time in which the version served.</summary>
    /// <param name="own">The version's node.</param>
    public static async Task<IReadOnlyList<ServingSpan>> AddAsync(LineageBuilder graph, string own, NameSpan name, int version, CancellationToken cancellationToken)
    {
        var spans = await RevisionsAsync(graph, name, version, cancellationToken);
        var promoted = await PromotionsAsync(graph, own, name, version, cancellationToken);
        foreach (var span in spans.Where(s => !promoted.Contains(s.Id)))
        {
            graph.Link(own, span.Id, LineageHop.ServedBy, "endpoint revision: variants");
        }

        return spans;
    }

    /// <summary>The ids of the revisions that promotions made.</summary>
    private static async Task<HashSet<string>> PromotionsAsync(LineageBuilder graph, string own, NameSpan name, int version, CancellationToken cancellationToken)
    {
        var all = graph.Db.Promotions.Where(p => p.Model == name.Name && p.Version == version && p.RequestedAt >= name.From && p.RequestedAt < name.Until);
        var newest = await all.OrderByDescending(p => p.PromotionId).Take(graph.Max).ToListAsync(cancellationToken);
        var made = new HashSet<string>(StringComparer.Ordinal);
        foreach (var promotion in graph.Take(LineageType.Promotion, newest, await all.CountAsync(cancellationToken)))
        {
            var id = graph.Add(Node(promotion));
            graph.Link(own, id, LineageHop.RequestedAs, "promotion: model, version");
            if (promotion.AppliedRevision is { } revision)
            {
                var applied = graph.Add(Revision(promotion.Endpoint, revision));
                graph.Link(id, applied, LineageHop.AppliedAs, "promotion: applied_revision");
                made.Add(applied);
            }
        }

        return made;
    }

    private static async Task<IReadOnlyList<ServingSpan>> RevisionsAsync(LineageBuilder graph, NameSpan name, int version, CancellationToken cancellationToken)
    {
        var (db, model) = (graph.Db, name.Name);
        var having = db.EndpointRevisions.Where(r => r.CreatedAt >= name.From && r.CreatedAt < name.Until && db.RevisionVariants.Any(v => v.Endpoint == r.Name && v.Revision == r.Revision && v.Model == model && v.Version == version));
        var newest = await having.OrderByDescending(r => r.CreatedAt).ThenBy(r => r.Name).ThenByDescending(r => r.Revision).Take(graph.Max)
            .Select(r => new { Row = r, Until = db.EndpointRevisions.Where(n => n.Name == r.Name && n.Revision == r.Revision + 1).Select(n => (long?)n.CreatedAt).FirstOrDefault() })
            .ToListAsync(cancellationToken);
        var endpoints = newest.Select(r => r.Row.Name).Distinct().ToList();
        var variants = (await db.RevisionVariants.Where(v => v.Model == model && v.Version == version && endpoints.Contains(v.Endpoint)).OrderBy(v => v.Variant).ToListAsync(cancellationToken))
            .ToLookup(v => (v.Endpoint, v.Revision));
        var spans = new List<ServingSpan>();
        foreach (var found in graph.Take(LineageType.EndpointRevision, newest, await having.CountAsync(cancellationToken)))
        {
            var id = graph.Add(Node(found.Row, found.Until, variants[(found.Row.Name, found.Row.Revision)]));
            spans.Add(new(id, found.Row.Name, found.Row.Revision, found.Row.CreatedAt, found.Until ?? long.MaxValue));
            if (found.Row.RestoredRevision is { } restored)
            {
                graph.Link(graph.Add(Revision(found.Row.Name, restored)), id, LineageHop.RestoredAs, "endpoint revision: restored revision");
            }
        }

        return spans;
    }

    private static LineageNode Revision(string endpoint, long revision) => new(RevisionId(endpoint, revision), LineageType.EndpointRevision, Text($"{endpoint} revision {revision}"))
    {
        Href = Text($"/api/endpoints/{Uri.EscapeDataString(endpoint)}/history?before={revision + 1}&max=1"),
    };

    private static LineageNode Node(EndpointRevision row, long? until, IEnumerable<RevisionVariant> variants) => Revision(row.Name, row.Revision) with
    {
        Time = Time(row.CreatedAt),
        Attributes = Attributes(
            ("endpoint", row.Name), ("revision", row.Revision), ("author", row.Author), ("reason", row.Reason), ("current", until is null), ("until", until is { } end ? Time(end) : null),
            ("variants", new JsonArray([.. variants.Select(v => (JsonNode)Attributes(("name", v.Variant), ("role", v.Role), ("weight", v.Weight)))])),
            ("restored_revision", row.RestoredRevision)),
    };

    private static LineageNode Node(Promotion promotion) => new($"promotion:{promotion.PromotionId}", LineageType.Promotion, $"promotion to {promotion.Endpoint}")
    {
        Time = Time(promotion.RequestedAt),
        Href = "/api/promotions/" + promotion.PromotionId,
        Attributes = Attributes(
            ("state", promotion.Status), ("endpoint", promotion.Endpoint), ("alias", promotion.Alias), ("requested_by", promotion.RequestedBy), ("decided_by", promotion.DecidedBy),
            ("approval_required", promotion.ApprovalRequired), ("checks", Stored(promotion.Checks))),
    };
}

/// <summary>A revision that has the version, and when it was in force: Unix milliseconds, the end exclusive.</summary>
internal sealed record ServingSpan(string Id, string Endpoint, long Revision, long From, long Until);
