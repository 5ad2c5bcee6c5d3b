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

    public EndpointLogging Logging { get; set; } = new();

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

    /// <summary>Share of live traffic relative to the other live variants; not negative.</summary>
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

/// <summary>How a request chooses its variant.</summary>
public sealed record EndpointPolicy
{
    /// <summary><c>static</c>, <c>sticky</c> or <c>bandit</c>.</summary>
    public string Kind { get; set; } = "static";

    /// <summary>Sticky: the header, cookie or input column that keeps a caller on its variant.</summary>
    public string? Key { get; init; }

    /// <summary>Bandit: the metric that is the reward.</summary>
    public string? Metric { get; init; }
}

/// <summary>Bounds of an endpoint on one replica; null leaves the server's default.</summary>
public sealed record EndpointLimits
{
    public int? MaxConcurrency { get; init; }

    public int? MaxQueue { get; init; }

    public int? TimeoutMs { get; init; }

    public int? MaxBatchSize { get; init; }
}

/// <summary>What of a prediction goes to the prediction log.</summary>
public sealed record EndpointLogging
{
    /// <summary>Share of requests whose inputs are logged, 0 to 1; outputs and join keys always are.</summary>
    public double SampleShare { get; set; } = 1;

    /// <summary>Input columns that are never logged in the clear.</summary>
    public IReadOnlyList<string> SensitiveColumns { get; set; } = [];
}
