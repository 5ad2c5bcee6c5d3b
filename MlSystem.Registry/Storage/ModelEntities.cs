namespace MlSystem.Registry.Storage;

/// <summary>A name that a model had until it was renamed or deleted: promotions, revisions and alerts of that time say it.</summary>
internal sealed class FormerModelName
{
    public required long ModelId { get; init; }
    public required string Name { get; init; }

    /// <summary>Unix milliseconds, exclusive.</summary>
    public required long Until { get; init; }
}

internal sealed class RegisteredModel
{
    public long ModelId { get; init; }
    public required string Name { get; set; }
    public string? Description { get; set; }

    /// <summary>The highest version number ever given out; numbers are never used twice.</summary>
    public int LastVersion { get; set; }
    public required string CreatedBy { get; init; }
    public required long CreationTime { get; init; }
    public required long LastUpdatedTime { get; set; }
}

internal sealed class RegisteredModelTag
{
    public required long ModelId { get; init; }
    public required string Key { get; init; }
    public required string Value { get; set; }
}

internal sealed class ModelVersion
{
    public required long ModelId { get; init; }
    public required int Version { get; init; }

    /// <summary>One of <see cref="VersionStatus"/>.</summary>
    public required string Status { get; set; }

    /// <summary>Why the version is refused.</summary>
    public string? Reason { get; set; }
    public string? RunId { get; init; }
    public required string Source { get; init; }

    /// <summary>The logged model of MLflow 3 that it was made from.</summary>
    public string? LoggedModelId { get; init; }
    public string? RunLink { get; init; }

    /// <summary>One of MLflow's stages.</summary>
    public string Stage { get; set; } = "None";
    public string? Description { get; set; }

    /// <summary>Of the version's <c>signature.json</c>, or what the validation found in the model.</summary>
    public string? Signature { get; set; }
    public string? Lineage { get; init; }

    /// <summary>The registry's signature of the manifest as JSON; null for versions that were registered before there were any.</summary>
    public string? ManifestSignature { get; set; }
    public required string CreatedBy { get; init; }
    public required long CreationTime { get; init; }
    public required long LastUpdatedTime { get; set; }

    /// <summary>Until when a replica has claimed the validation; 0 when none has.</summary>
    public long ValidationClaimedUntil { get; set; }
}

internal static class VersionStatus
{
    public const string Pending = "pending";
    public const string Servable = "servable";
    public const string Refused = "refused";
}

internal sealed class ModelVersionTag
{
    public required long ModelId { get; init; }
    public required int Version { get; init; }
    public required string Key { get; init; }
    public required string Value { get; set; }
}

/// <summary>One file of the version's manifest; never changed once written.</summary>
internal sealed class ModelVersionFile
{
    public required long ModelId { get; init; }
    public required int Version { get; init; }

    /// <summary>Path relative to the version's folder, with forward slashes.</summary>
    public required string Path { get; init; }
    public required string Sha256 { get; init; }
    public required long SizeBytes { get; init; }
}

internal sealed class ModelAlias
{
    public required long ModelId { get; init; }
    public required string Alias { get; init; }
    public required int Version { get; set; }
}

/// <summary>The serving state's head: which revision of an endpoint is current.</summary>
internal sealed class ServingEndpoint
{
    public required string Name { get; init; }
    public required long Revision { get; set; }
}

internal sealed class EndpointRevision
{
    public required string Name { get; init; }
    public required long Revision { get; init; }

    /// <summary>Variants, policy, limits and logging as JSON.</summary>
    public required string State { get; init; }
    public required string Author { get; init; }
    public required string Reason { get; init; }
    public required long CreatedAt { get; init; }

    /// <summary>The revision whose state a rollback brought back; null for an ordinary change.</summary>
    public long? RestoredRevision { get; init; }
}

/// <summary>An event that is committed with its change and not yet known to be in the event log.</summary>
internal sealed class OutboxMessage
{
    public long Id { get; init; }
    public required string EventId { get; init; }
    public required string Key { get; init; }
    public required string Payload { get; init; }
    public required long CreatedAt { get; init; }
}
