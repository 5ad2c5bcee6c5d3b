namespace MlSystem.Registry.Storage;

/// <summary>What a revision of an endpoint serves, so that it can be found by version: written with the revision, never changed.</summary>
internal sealed class RevisionVariant
{
    public required string Endpoint { get; init; }
    public required long Revision { get; init; }

    /// <summary>The variant's name.</summary>
    public required string Variant { get; init; }
    public required string Model { get; init; }
    public required int Version { get; init; }
    public required string Role { get; init; }
    public required double Weight { get; init; }
}

/// <summary>What a version's <c>lineage.json</c> cites, so that the version can be found by it: written with the version, never changed.</summary>
internal sealed class VersionOrigin
{
    public required long ModelId { get; init; }
    public required int Version { get; init; }
    public int? ParentVersion { get; init; }

    /// <summary>The run of the training service.</summary>
    public string? PipelineRunId { get; init; }

    /// <summary>What the trigger names: an alert's id, where it was drift.</summary>
    public string? TriggerEvidence { get; init; }
}

/// <summary>An alert, as <c>mlsystem.alerts</c> told it.</summary>
internal sealed class LineageAlert
{
    public required string AlertId { get; init; }
    public required string Kind { get; init; }
    public required string Severity { get; init; }
    public required string Endpoint { get; init; }
    public string? Model { get; init; }
    public int? Version { get; init; }
    public required string Summary { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long Time { get; init; }

    /// <summary>JSON object: name → text.</summary>
    public required string Evidence { get; init; }
}

/// <summary>A run of the training service, as <c>mlsystem.runs</c> told it last.</summary>
internal sealed class LineageRun
{
    public required string RunId { get; init; }
    public required string Pipeline { get; init; }
    public required string State { get; set; }
    public required string TriggerKind { get; init; }
    public string? TriggerEvidence { get; init; }
    public string? Model { get; set; }
    public int? Version { get; set; }
    public string? Error { get; set; }

    /// <summary>Of the first event of it that was seen. Unix milliseconds.</summary>
    public required long FirstTime { get; init; }

    /// <summary>Of the event that <see cref="State"/> is from; an older one changes nothing.</summary>
    public required long Time { get; set; }
}

/// <summary>An event that can never be handled, put aside with its reason.</summary>
internal sealed class RejectedEvent
{
    public required string Topic { get; init; }
    public required int Partition { get; init; }
    public required long Offset { get; init; }
    public required string Reason { get; init; }
    public required byte[] Payload { get; init; }

    /// <summary>When it was appended. Unix milliseconds.</summary>
    public required long Time { get; init; }
}
