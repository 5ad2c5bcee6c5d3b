using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Promotions;

/// <summary>Reads promotions.</summary>
internal sealed class PromotionReader(RegistryDatabase database)
{
    /// <summary>Newest first; ids ascend in time.</summary>
    public async Task<PromotionList> ListAsync(string? state, string? model, string? before, int max, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var found = db.Promotions.Where(p => (state == null || p.Status == state) && (model == null || p.Model == model));
        found = before is null ? found : found.Where(p => string.Compare(p.PromotionId, before) < 0);
        var page = await found.OrderByDescending(p => p.PromotionId).Take(max + 1).ToListAsync(cancellationToken);
        var views = await ViewsAsync(db, [.. page.Take(max)], cancellationToken);
        return new(views, page.Count > max ? views[^1].PromotionId : null);
    }

    public async Task<PromotionView> GetAsync(string id, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        return await ViewAsync(db, await FindAsync(db, id, cancellationToken), cancellationToken);
    }

    internal static async Task<Promotion> FindAsync(RegistryContext db, string id, CancellationToken cancellationToken) =>
        await db.Promotions.FirstOrDefaultAsync(p => p.PromotionId == id, cancellationToken) ?? throw Refused.NotFound($"There is no promotion '{id}'.");

    internal static async Task<PromotionView> ViewAsync(RegistryContext db, Promotion promotion, CancellationToken cancellationToken) =>
        (await ViewsAsync(db, [promotion], cancellationToken))[0];

    private static async Task<IReadOnlyList<PromotionView>> ViewsAsync(RegistryContext db, List<Promotion> promotions, CancellationToken cancellationToken)
    {
        var ids = promotions.ConvertAll(p => p.PromotionId);
        var comments = (await db.PromotionComments.AsNoTracking().Where(c => ids.Contains(c.PromotionId)).OrderBy(c => c.Number).ToListAsync(cancellationToken)).ToLookup(c => c.PromotionId);
        return [.. promotions.Select(p => View(p, comments[p.PromotionId]))];
    }

    private static PromotionView View(Promotion p, IEnumerable<PromotionComment> comments) => new(
        p.PromotionId,
        p.Model,
        p.Version,
        new()
        {
            Alias = p.Alias,
            Endpoint = p.Alias is null ? p.Endpoint : null,
            Variants = p.State is null ? null : JsonSerializer.Deserialize(p.State, PromotionJson.Default.IReadOnlyListEndpointVariant),
        },
        p.Status,
        p.ApprovalRequired,
        p.Checks is null ? null : JsonElement.Parse(p.Checks),
        p.RequestedBy,
        DateTimeOffset.FromUnixTimeMilliseconds(p.RequestedAt),
        p.DecidedBy,
        Time(p.DecidedAt),
        p.AppliedRevision,
        Time(p.AppliedAt),
        [.. comments.Select(c => new PromotionCommentView(c.Author, c.Action, c.Text, DateTimeOffset.FromUnixTimeMilliseconds(c.Time)))]);

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } value ? DateTimeOffset.FromUnixTimeMilliseconds(value) : null;
}
