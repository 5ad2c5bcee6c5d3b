using System.Text.Json.Serialization;

namespace MlSystem.Contracts;

/// <summary>A graph of other model versions, served as a version of its own: <c>ensemble.json</c> in its artifact folder. Written by hand, so an unknown field is an error.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record EnsembleSpec
{
    /// <summary>The node that gets the request.</summary>
    public string Root { get; set; } = "root";

    /// <summary>Nodes by name.</summary>
    public required IReadOnlyDictionary<string, GraphNode> Nodes { get; init; }
}

/// <summary>One node: what becomes of the tensors that arrive at it.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record GraphNode
{
    /// <summary>One of <see cref="GraphRouter"/>.</summary>
    public required string RouterType { get; init; }

    public required IReadOnlyList<GraphStep> Steps { get; init; }

    /// <summary>Ensemble: one of <see cref="GraphCombine"/>.</summary>
    public string Combine { get; set; } = GraphCombine.Merge;

    /// <summary>Ensemble that votes or takes a mean: the output of the members that is combined; null: the standard one of the combination.</summary>
    public string? Output { get; init; }

    /// <summary>Stack: the meta-model, whose inputs name the members' outputs as <c>{step}.{output}</c>.</summary>
    public GraphStep? Meta { get; init; }

    /// <summary>Ensemble: one of <see cref="GraphFailure"/>.</summary>
    public string OnFailure { get; set; } = GraphFailure.Fail;

    /// <summary>Ensemble that drops failed members: how many must be left, at least 1.</summary>
    public int MinMembers { get; set; } = 1;
}

/// <summary>A version or another node that gets tensors from a node; exactly one of <see cref="Model"/> and <see cref="Node"/> is set.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record GraphStep
{
    /// <summary>Unique within the node; null: <c>{model}-{version}</c>, or the node's name.</summary>
    public string? Name { get; init; }

    public string? Model { get; init; }

    public int? Version { get; init; }

    public string? Node { get; init; }

    /// <summary>Sequence: one of <see cref="GraphData"/>.</summary>
    public string Data { get; set; } = GraphData.Request;

    /// <summary>Switch: the rows that go this way; null: all that no step before it takes.</summary>
    public string? Condition { get; init; }

    /// <summary>Splitter: share of the rows relative to the other steps. Ensemble: weight of the member's vote or value. Not negative.</summary>
    public double? Weight { get; init; }

    /// <summary>Where inputs come from whose name is another there: input → tensor, <c>$request.{tensor}</c> or <c>$response.{tensor}</c>.</summary>
    public IReadOnlyDictionary<string, string>? Inputs { get; init; }

    /// <summary>The outputs that leave the step: new name → output; null: all, by their own names.</summary>
    public IReadOnlyDictionary<string, string>? Outputs { get; init; }
}

/// <summary>Kinds of node, as KServe's InferenceGraph names them.</summary>
public static class GraphRouter
{
    /// <summary>One step after the other; the last one answers.</summary>
    public const string Sequence = "Sequence";

    /// <summary>Each row goes to the first step whose condition it meets.</summary>
    public const string Switch = "Switch";

    /// <summary>Each row goes to one step, drawn by weight.</summary>
    public const string Splitter = "Splitter";

    /// <summary>All steps at once, their outputs combined.</summary>
    public const string Ensemble = "Ensemble";
}

/// <summary>How an Ensemble node makes one answer of its members'.</summary>
public static class GraphCombine
{
    /// <summary>All outputs side by side as <c>{step}.{output}</c>.</summary>
    public const string Merge = "merge";

    /// <summary>The label with the largest sum of weights.</summary>
    public const string HardVote = "hard_vote";

    /// <summary>The weighted mean of the probabilities, and the label of the largest.</summary>
    public const string SoftVote = "soft_vote";

    /// <summary>The mean of an output.</summary>
    public const string Mean = "mean";

    /// <summary>The mean of an output by the members' weights.</summary>
    public const string WeightedMean = "weighted_mean";

    /// <summary>A meta-model that takes the members' outputs.</summary>
    public const string Stack = "stack";
}

/// <summary>What becomes of an Ensemble node when a member fails.</summary>
public static class GraphFailure
{
    /// <summary>The request fails.</summary>
    public const string Fail = "fail";

    /// <summary>The others answer, their weights scaled up.</summary>
    public const string Drop = "drop";
}

/// <summary>What a step of a Sequence gets.</summary>
public static class GraphData
{
    /// <summary>What arrived at the node.</summary>
    public const string Request = "$request";

    /// <summary>What the step before it gave.</summary>
    public const string Response = "$response";
}
