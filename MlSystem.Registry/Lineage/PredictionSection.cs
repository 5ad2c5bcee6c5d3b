using static MlSystem.Registry.Lineage.LineageNodes;

namespace MlSystem.Registry.Lineage;

/// <summary>What a version answered, by endpoint revision, as Monitor counts it.</summary>
internal sealed class PredictionSection(MonitorClient monitor)
{
    /// <param name="own">The version's node.</param>
    /// <param name="model">The name under which Monitor counted.</param>
    public async Task AddAsync(LineageBuilder graph, string own, string model, int version, IReadOnlyList<ServingSpan> spans, CancellationToken cancellationToken)
    {
        if (graph.MonitorUnavailable is null)
        {
            var (served, unavailable) = await monitor.ServedAsync(model, version, cancellationToken);
            graph.MonitorUnavailable = unavailable;
            if (unavailable is null)
            {
                Add(graph, own, model, version, spans, served);
                return;
            }
        }

        foreach (var span in spans)
        {
            var id = graph.Add(new(Id(span.Endpoint, span.Revision, model, version), LineageType.Predictions, Text($"predictions of {span.Endpoint}")) { Unavailable = graph.MonitorUnavailable });
            graph.Link(span.Id, id, LineageHop.Answered, Cites);
        }
    }

    /// <summary>Where the revision isn't known, as that of old logs, the version itself is the cause.</summary>
    public static string Id(string endpoint, long? revision, string model, int version) => Text($"predictions:{endpoint}/{revision ?? 0}/{model}/{version}");

    private const string Cites = "predictions: endpoint, endpoint_revision, model, version";

    private static void Add(LineageBuilder graph, string own, string model, int version, IReadOnlyList<ServingSpan> spans, IReadOnlyList<ServedCount> served)
    {
        var shown = spans.ToDictionary(s => (s.Endpoint, (long?)s.Revision), s => s.Id);
        foreach (var group in served.GroupBy(s => (s.Endpoint, s.EndpointRevision)).Where(g => g.Key.EndpointRevision is null || shown.ContainsKey(g.Key)))
        {
            var cause = shown.GetValueOrDefault(group.Key, own);
            graph.Link(cause, graph.Add(Node(model, version, group.Key.Endpoint, group.Key.EndpointRevision, [.. group])), LineageHop.Answered, Cites);
        }
    }

    private static LineageNode Node(string model, int version, string endpoint, long? revision, List<ServedCount> counts)
    {
        var (first, last) = (counts.Min(c => c.FirstPredictionAt), counts.Max(c => c.LastPredictionAt));
        // The path's times are whole milliseconds and its end is exclusive.
        var (from, to) = (Uri.EscapeDataString($"{first:O}"), Uri.EscapeDataString($"{last.AddMilliseconds(1):O}"));
        return new(Id(endpoint, revision, model, version), LineageType.Predictions, Text($"predictions of {endpoint}"))
        {
            Time = first,
            Href = $"/api/endpoints/{Uri.EscapeDataString(endpoint)}/predictions?from={from}&to={to}",
            Attributes = Attributes(
                ("endpoint", endpoint), ("endpoint_revision", revision),
                ("live_requests", Sum("live", c => c.Requests)), ("live_predictions", Sum("live", c => c.Predictions)),
                ("shadow_requests", Sum("shadow", c => c.Requests)), ("shadow_predictions", Sum("shadow", c => c.Predictions)),
                ("last_prediction_at", last)),
        };

        long Sum(string role, Func<ServedCount, long> count) => counts.Where(c => c.Role == role).Sum(count);
    }
}
