using System.Diagnostics.Metrics;
using MlSystem.Graphs;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Graphs;

/// <summary>Counts what the members of graphs do.</summary>
public sealed class GraphMetrics
{
    internal const string Succeeded = "succeeded";
    internal const string Failed = "failed";
    internal const string Cancelled = "cancelled";
    private readonly Counter<long> _runs;
    private readonly Counter<long> _dropped;

    public GraphMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(InferenceMetrics.MeterName);
        _runs = meter.CreateCounter<long>("mlsystem_graph_member_runs", unit: null, "Runs of graphs' members, by outcome: succeeded, failed or cancelled");
        _dropped = meter.CreateCounter<long>("mlsystem_graph_members_dropped", unit: null, "Members of graphs that failed and were left out of an answer");
    }

    internal void Count(VersionKey graph, string node, PlanStep step, VersionKey member, string outcome) =>
        _runs.Add(1, [.. Tags(graph, node, step), new("member", member.ToString()), new("outcome", outcome)]);

    internal void CountDropped(VersionKey graph, string node, PlanStep step) => _dropped.Add(1, Tags(graph, node, step));

    private static KeyValuePair<string, object?>[] Tags(VersionKey graph, string node, PlanStep step) => [new("graph", graph.ToString()), new("node", node), new("step", step.Name)];
}
