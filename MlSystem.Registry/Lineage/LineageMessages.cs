using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace MlSystem.Registry.Lineage;

/// <summary>Answer of <c>GET /api/models/{model}/versions/{version}/lineage</c>.</summary>
/// <param name="Root">Id of the node of the version that was asked for.</param>
/// <param name="Nodes">In the order in which the chain was followed.</param>
/// <param name="Edges">From cause to effect.</param>
/// <param name="Omitted">Kind of node → how many older ones <c>max</c> left out; absent when none.</param>
internal sealed record LineageGraph(string Root, IReadOnlyCollection<LineageNode> Nodes, IReadOnlyCollection<LineageEdge> Edges, IReadOnlyDictionary<string, int>? Omitted);

/// <summary>One thing in the life of a version.</summary>
/// <param name="Id">Unique in the graph, the same in every answer.</param>
/// <param name="Type">One of <see cref="LineageType"/>.</param>
/// <param name="Name">For people.</param>
internal sealed record LineageNode(string Id, string Type, string Name)
{
    /// <summary>When it came to be: of predictions, the first.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>Path of the resource itself at the gateway; absent where it has none.</summary>
    public string? Href { get; init; }

    public JsonObject? Attributes { get; init; }

    /// <summary>Why nothing more is known of it, where that is so.</summary>
    public string? Unavailable { get; init; }
}

/// <summary>One hop of the chain.</summary>
/// <param name="From">Id of the cause.</param>
/// <param name="To">Id of the effect.</param>
/// <param name="Type">What the cause did: <see cref="LineageHop"/>.</param>
/// <param name="Cites">Where the one cites the other: the record and its field.</param>
internal sealed record LineageEdge(string From, string To, string Type, string Cites);

/// <summary>Types of node.</summary>
internal static class LineageType
{
    public const string FeatureService = "feature_service";
    public const string Data = "data";
    public const string PipelineRun = "pipeline_run";
    public const string Run = "run";
    public const string LoggedModel = "logged_model";
    public const string Version = "version";
    public const string Promotion = "promotion";
    public const string EndpointRevision = "endpoint_revision";
    public const string Predictions = "predictions";
    public const string Alert = "alert";
}

/// <summary>Types of edge.</summary>
internal static class LineageHop
{
    public const string JoinedInto = "joined_into";
    public const string UsedBy = "used_by";
    public const string Triggered = "triggered";
    public const string TrackedAs = "tracked_as";
    public const string Logged = "logged";
    public const string Registered = "registered";
    public const string ParentOf = "parent_of";
    public const string MemberOf = "member_of";
    public const string RequestedAs = "requested_as";
    public const string AppliedAs = "applied_as";
    public const string ServedBy = "served_by";
    public const string RestoredAs = "restored_as";
    public const string Answered = "answered";
    public const string Raised = "raised";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LineageGraph))]
internal sealed partial class LineageJson : JsonSerializerContext;
