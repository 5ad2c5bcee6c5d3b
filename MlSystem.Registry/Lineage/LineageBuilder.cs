using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Lineage;

/// <summary>Collects the nodes and edges of one answer.</summary>
/// <param name="max">How many of the newest promotions, revisions, alerts and next runs of one version are taken; at least 1.</param>
internal sealed class LineageBuilder(RegistryContext db, int max)
{
    private readonly Dictionary<string, LineageNode> _nodes = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];
    private readonly OrderedDictionary<(string From, string To, string Type), LineageEdge> _edges = [];
    private readonly SortedDictionary<string, int> _omitted = new(StringComparer.Ordinal);

    public RegistryContext Db { get; } = db;

    public int Max { get; } = max;

    /// <summary>Why Monitor gave no counts, once it did not: it is not asked again for the same answer.</summary>
    public string? MonitorUnavailable { get; set; }

    public bool Has(string id) => _nodes.ContainsKey(id);

    /// <summary>Adds a node; one that is described replaces one that was only named.</summary>
    public string Add(LineageNode node)
    {
        if (!_nodes.TryGetValue(node.Id, out var known))
        {
            _order.Add(node.Id);
            _nodes[node.Id] = node;
        }
        else if (known.Attributes is null && (node.Attributes is not null || node.Unavailable is not null))
        {
            _nodes[node.Id] = node;
        }

        return node.Id;
    }

    /// <summary>Adds a hop; of several citations of one hop the first stays.</summary>
    public void Link(string from, string to, string type, string cites) => _edges.TryAdd((from, to, type), new(from, to, type, cites));

    /// <summary>Keeps the first <see cref="Max"/> and counts the others; the list has them newest first.</summary>
    public List<T> Take<T>(string type, List<T> found, int total)
    {
        if (total > found.Count)
        {
            _omitted[type] = _omitted.GetValueOrDefault(type) + total - found.Count;
        }

        return found;
    }

    public LineageGraph Build(string root) => new(
        root, [.. _order.Select(id => _nodes[id])], Edges(), _omitted.Count == 0 ? null : _omitted);

    /// <summary>An alert is linked to a version only as long as nothing closer is shown: its predictions or the endpoint's revision.</summary>
    private List<LineageEdge> Edges()
    {
        var closer = _edges.Values.Where(e => e.Type == LineageHop.Raised && !IsVersion(e)).Select(e => e.To).ToHashSet(StringComparer.Ordinal);
        return [.. _edges.Values.Where(e => e.Type != LineageHop.Raised || !IsVersion(e) || !closer.Contains(e.To))];

        bool IsVersion(LineageEdge edge) => _nodes[edge.From].Type == LineageType.Version;
    }
}
