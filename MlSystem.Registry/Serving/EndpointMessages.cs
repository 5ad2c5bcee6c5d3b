using System.Text.Json.Serialization;
using MlSystem.Contracts;

namespace MlSystem.Registry.Serving;

/// <summary>The state that a <c>PUT</c> asks for.</summary>
internal sealed record PutEndpoint
{
    /// <summary>1 to 100 variants, at least one of them live with a weight above 0.</summary>
    public IReadOnlyList<EndpointVariant>? Variants { get; init; }

    /// <summary>Default: static.</summary>
    public EndpointPolicy? Policy { get; init; }

    public EndpointLimits? Limits { get; init; }

    public EndpointBatching? Batching { get; init; }

    public EndpointFeatures? Features { get; init; }

    public EndpointCache? Cache { get; init; }

    public EndpointLogging? Logging { get; init; }

    /// <summary>Whether its versions stay in memory whatever the replicas' memory budget says.</summary>
    public bool? Pinned { get; init; }

    /// <summary>Why, for the history; 1 to 1,000 characters.</summary>
    public string? Reason { get; init; }
}

/// <summary>What a rollback brings back.</summary>
internal sealed record RollbackEndpoint
{
    /// <summary>The revision whose state is applied again; default: the one before the present state.</summary>
    public long? Revision { get; init; }

    /// <summary>Why; a default names the revision.</summary>
    public string? Reason { get; init; }
}

/// <summary>All endpoints, by name.</summary>
internal sealed record EndpointList(IReadOnlyList<Endpoint> Endpoints);

/// <summary>Revisions of one endpoint, newest first.</summary>
internal sealed record EndpointHistory(IReadOnlyList<Endpoint> Revisions);

/// <summary>The stored part of a revision.</summary>
internal sealed record EndpointState
{
    public required IReadOnlyList<EndpointVariant> Variants { get; init; }

    public EndpointPolicy Policy { get; set; } = new();

    public EndpointLimits Limits { get; set; } = new();

    public EndpointBatching Batching { get; set; } = new();

    public EndpointFeatures Features { get; set; } = new();

    public EndpointCache Cache { get; set; } = new();

    public EndpointLogging Logging { get; set; } = new();

    public bool Pinned { get; set; }
}

/// <summary>The native API's JSON of serving state. Unknown fields of a request are refused: a misspelt limit must not be lost silently.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(PutEndpoint))]
[JsonSerializable(typeof(RollbackEndpoint))]
[JsonSerializable(typeof(EndpointList))]
[JsonSerializable(typeof(EndpointHistory))]
[JsonSerializable(typeof(EndpointState))]
[JsonSerializable(typeof(Endpoint))]
internal sealed partial class ServingJson : JsonSerializerContext;
