namespace MlSystem.Contracts;

/// <summary>The serving state of one endpoint. A revision is immutable; a change makes the next one.</summary>
public sealed record Endpoint
{
    public required string Name { get; init; }

    /// <summary>1, 2, 3 … within the endpoint.</summary>
    public required long Revision { get; init; }

    public required IReadOnlyList<EndpointVariant> Variants { get; init; }

    public EndpointPolicy Policy { get; set; } = new();

    public EndpointLimits Limits { get; set; } = new();

    public EndpointBatching Batching { get; set; } = new();

    public EndpointFeatures Features { get; set; } = new();

    public EndpointCache Cache { get; set; } = new();

    public EndpointLogging Logging { get; set; } = new();

    /// <summary>Whether its versions stay in memory whatever the memory budget says.</summary>
    public bool Pinned { get; set; }

    /// <summary>The principal that made this revision.</summary>
    public required string Author { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>One model version behind an endpoint.</summary>
public sealed record EndpointVariant
{
    /// <summary>Unique within the endpoint.</summary>
    public required string Name { get; init; }

    public required string Model { get; init; }

    public required int Version { get; init; }

    /// <summary>Live: share of the traffic relative to the other live variants, not negative. Shadow: share of the requests that are mirrored, 0 to 1.</summary>
    public double Weight { get; set; } = 1;

    /// <summary><c>live</c> or <c>shadow</c>.</summary>
    public string Role { get; set; } = VariantRole.Live;
}

/// <summary>Roles of a variant.</summary>
public static class VariantRole
{
    public const string Live = "live";
    public const string Shadow = "shadow";
}
