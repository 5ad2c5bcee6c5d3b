using System.Text.Json;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Lineage;

/// <summary>A lineage graph as a client reads it.</summary>
internal sealed class LineageView
{
    private readonly JsonElement _body;

    public LineageView(JsonElement body)
    {
        _body = body;
        Nodes = body.GetProperty("nodes").EnumerateArray().ToDictionary(n => n.GetProperty("id").GetString()!);
        Edges = [.. body.GetProperty("edges").EnumerateArray().Select(e => (Text(e, "from"), Text(e, "type"), Text(e, "to")))];
        Assert.All(Edges, edge => Assert.True(Nodes.ContainsKey(edge.From) && Nodes.ContainsKey(edge.To), edge.ToString()));
        Assert.All(body.GetProperty("edges").EnumerateArray(), edge => Assert.NotEmpty(Text(edge, "cites")));
        Assert.Contains(Text(body, "root"), Nodes.Keys);
    }

    public IReadOnlyDictionary<string, JsonElement> Nodes { get; }

    public IReadOnlyList<(string From, string Type, string To)> Edges { get; }

    public int Omitted(string type) => _body.TryGetProperty("omitted", out var omitted) && omitted.TryGetProperty(type, out var count) ? count.GetInt32() : 0;

    public static async Task<LineageView> OfAsync(RegistryClient registry, string model, int version, string query = "") =>
        new((await registry.NativeAsync($"/api/models/{model}/versions/{version}/lineage{query}")).Ok().Body);

    /// <summary>Follows one edge after the other from a node, each the only one of its type, and returns where it ends.</summary>
    public string Follow(string from, params string[] hops) =>
        hops.Aggregate(from, (at, hop) => Assert.Single(Edges, e => e.From == at && e.Type == hop).To);

    /// <summary>The only node of a type.</summary>
    public string The(string type) => Assert.Single(Nodes.Values, n => n.GetProperty("type").GetString() == type).GetProperty("id").GetString()!;

    public IEnumerable<JsonElement> All(string type) => Nodes.Values.Where(n => n.GetProperty("type").GetString() == type);

    public JsonElement Attribute(string id, string name) => Nodes[id].GetProperty("attributes").GetProperty(name);

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
