using System.Globalization;
using MlSystem.Contracts;

namespace MlSystem.Graphs;

/// <summary>A version that a graph runs.</summary>
public readonly record struct GraphMember(string Model, int Version)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Model}/{Version}");

    /// <summary>The distinct versions that a graph names, in their order; steps that name none are passed over.</summary>
    public static IReadOnlyList<GraphMember> Of(EnsembleSpec spec) =>
        [.. (spec.Nodes ?? new Dictionary<string, GraphNode>(StringComparer.Ordinal)).Values.OfType<GraphNode>()
            .SelectMany(node => (node.Steps ?? []).Append(node.Meta))
            .Where(step => step is { Model: not null, Version: not null })
            .Select(step => new GraphMember(step!.Model!, step.Version!.Value))
            .Distinct()];

    /// <summary>Where a graph names a version: node and step.</summary>
    public static string Places(EnsembleSpec spec, GraphMember member) => string.Join(
        " and ",
        from node in spec.Nodes
        from step in node.Value.Steps.Append(node.Value.Meta)
        where step is not null && step.Model == member.Model && step.Version == member.Version
        select $"node '{node.Key}', {(ReferenceEquals(step, node.Value.Meta) ? "meta" : $"step '{Planning.NodeRules.NameOf(step)}'")}");
}
