using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Reliability;

/// <summary>Changes endpoints, by themselves and by promotions, in a registry that is killed now and then; knows what was acknowledged.</summary>
public sealed class ServingUnderFire(HttpClient http, string model)
{
    private const string Changed = "changed-under-fire";
    private const string Promoted = "promoted-under-fire";
    private readonly ConcurrentDictionary<long, int> _revisions = new();
    private readonly ConcurrentDictionary<string, int> _promotions = new();

    private RegistryClient Registry => new(http);

    /// <summary>What the log tells of serving: <c>endpoint/revision</c> and <c>promotion/id</c>.</summary>
    public static SortedSet<string> Told(IEnumerable<RegistryEvent> events) => new(
        events.Select(e => e switch
        {
            { Change: RegistryChange.EndpointRevised } => Text(e.Endpoint!, e.Revision!.Value),
            { Change: RegistryChange.PromotionPrefix + "applied" } => $"promotion/{e.Promotion}",
            _ => "",
        }).Where(change => change.Length > 0),
        StringComparer.Ordinal);

    /// <summary>Whether a change is one that only this class makes.</summary>
    public static bool IsOwn(string change) => change.StartsWith("promotion/", StringComparison.Ordinal) || change.StartsWith($"{Changed}/", StringComparison.Ordinal) || change.StartsWith($"{Promoted}/", StringComparison.Ordinal);

    public async Task PutAsync(int version)
    {
        var answer = (await Registry.PutEndpointAsync(Changed, model, version)).Ok().Body;
        _revisions[answer.GetProperty("revision").GetInt64()] = version;
    }

    public async Task PromoteAsync(int version)
    {
        var answer = (await Registry.SendAsync(HttpMethod.Post, "/api/promotions", new { model, version, target = new { endpoint = Promoted }, comment = "under fire" })).Ok().Body;
        _promotions[answer.GetProperty("promotion_id").GetString()!] = version;
    }

    /// <summary>Revisions are 1, 2, 3 … and hold every acknowledged one; every promotion is whole, applied with its revision.</summary>
    public async Task CheckAsync()
    {
        var changed = await RevisionsAsync(Changed);
        Assert.All(_revisions, acknowledged => Assert.Equal(acknowledged.Value, changed[acknowledged.Key]));
        var promoted = await RevisionsAsync(Promoted);
        var promotions = await PromotionsAsync();
        Assert.Subset(promotions.Keys.ToHashSet(), _promotions.Keys.ToHashSet());
        Assert.Equal(promoted.Keys.Order(), promotions.Values.Select(p => p.Revision).Order());
        Assert.All(promotions.Values, promotion => Assert.Equal(("applied", promoted[promotion.Revision]), (promotion.State, promotion.Version)));
        Assert.All(_promotions, acknowledged => Assert.Equal(acknowledged.Value, promotions[acknowledged.Key].Version));
    }

    /// <summary>All changes that the database has, in the words of <see cref="Told"/>.</summary>
    public async Task<SortedSet<string>> ChangesAsync()
    {
        var changes = new SortedSet<string>((await PromotionsAsync()).Keys.Select(id => $"promotion/{id}"), StringComparer.Ordinal);
        foreach (var endpoint in new[] { Changed, Promoted })
        {
            changes.UnionWith((await RevisionsAsync(endpoint)).Keys.Select(revision => Text(endpoint, revision)));
        }

        return changes;
    }

    private static string Text(string endpoint, long revision) => string.Create(CultureInfo.InvariantCulture, $"{endpoint}/{revision}");

    /// <summary>Revision → version; the newest is what the endpoint is.</summary>
    private async Task<Dictionary<long, int>> RevisionsAsync(string endpoint)
    {
        var found = new Dictionary<long, int>();
        var current = await Registry.NativeAsync($"/api/endpoints/{endpoint}");
        if (current.Status == HttpStatusCode.NotFound)
        {
            return found;
        }

        for (var before = long.MaxValue; before > 1;)
        {
            foreach (var revision in (await Registry.NativeAsync($"/api/endpoints/{endpoint}/history?max=1000&before={before}")).Ok().Body.GetProperty("revisions").EnumerateArray())
            {
                before = revision.GetProperty("revision").GetInt64();
                found[before] = Version(revision);
            }
        }

        Assert.Equal(Enumerable.Range(1, found.Count).Select(revision => (long)revision), found.Keys.Order());
        Assert.Equal((found.Count, found[found.Count]), (current.Ok().Body.GetProperty("revision").GetInt32(), Version(current.Body)));
        return found;
    }

    private async Task<Dictionary<string, (string State, int Version, long Revision)>> PromotionsAsync()
    {
        var found = new Dictionary<string, (string, int, long)>(StringComparer.Ordinal);
        for (var before = ""; ;)
        {
            var page = (await Registry.NativeAsync($"/api/promotions?model={model}&max=1000{before}")).Ok().Body;
            foreach (var promotion in page.GetProperty("promotions").EnumerateArray().Where(p => p.GetProperty("target").TryGetProperty("endpoint", out var endpoint) && endpoint.GetString() == Promoted))
            {
                found[promotion.GetProperty("promotion_id").GetString()!] =
                    (promotion.GetProperty("state").GetString()!, promotion.GetProperty("version").GetInt32(), promotion.TryGetProperty("applied_revision", out var revision) ? revision.GetInt64() : 0);
            }

            if (!page.TryGetProperty("next_before", out var next))
            {
                return found;
            }

            before = $"&before={next.GetString()}";
        }
    }

    private static int Version(JsonElement endpoint) => Assert.Single(endpoint.GetProperty("variants").EnumerateArray()).GetProperty("version").GetInt32();
}
