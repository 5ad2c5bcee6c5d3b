namespace MlSystem.Contracts;

/// <summary>Something that an operator should know of: topic <see cref="Topics.Alerts"/>, keyed by the endpoint.</summary>
public sealed record AlertEvent
{
    /// <summary>UUIDv7; consumers recognise duplicates by it.</summary>
    public required string AlertId { get; init; }

    /// <summary>One of <see cref="AlertKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>One of <see cref="AlertSeverity"/>.</summary>
    public required string Severity { get; init; }

    public required string Endpoint { get; init; }

    public string? Model { get; init; }

    public int? Version { get; init; }

    /// <summary>One sentence for people.</summary>
    public required string Summary { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>What the alert rests on, by name; the names belong to the kind.</summary>
    public required IReadOnlyDictionary<string, string> Evidence { get; init; }
}

/// <summary>What alerts tell of.</summary>
public static class AlertKind
{
    /// <summary>
    /// A replica takes a version out of an endpoint's rotation because its runs failed one after the other. Evidence: <c>crashes</c> in a
    /// row, <c>reason</c> of the last, <c>revision</c> of the endpoint, and <c>serving</c>: what answers instead, as <c>model/version</c>,
    /// comma-separated; empty when nothing does.
    /// </summary>
    public const string VersionTakenOut = "version_taken_out";
}

/// <summary>How much an alert matters.</summary>
public static class AlertSeverity
{
    /// <summary>Requests are served, though not as they should be.</summary>
    public const string Warning = "warning";

    /// <summary>Requests fail.</summary>
    public const string Critical = "critical";
}
