using System.Text.Json.Serialization;
using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Models;

internal sealed record CreateModel(string? Name, string? Description, IReadOnlyList<KeyValue>? Tags);

internal sealed record ModelRef(string? Name, string? Alias);

internal sealed record RenameModel(string? Name, string? NewName);

internal sealed record LatestVersions(string? Name, IReadOnlyList<string>? Stages);

internal sealed record TransitionStage(
    string? Name, [property: JsonConverter(typeof(TextOrNumber))] string? Version, string? Stage, bool? ArchiveExistingVersions);

internal sealed record UpdateModel(string? Name, string? Description);

internal sealed record SearchModels(string? Filter, long? MaxResults, IReadOnlyList<string>? OrderBy, string? PageToken);

internal sealed record SetModelTag(string? Name, string? Key, string? Value);

internal sealed record SetAlias(string? Name, string? Alias, [property: JsonConverter(typeof(TextOrNumber))] string? Version);

internal sealed record CreateVersion(string? Name, string? Source, string? RunId, string? RunLink, string? ModelId, string? Description, IReadOnlyList<KeyValue>? Tags);

internal sealed record VersionRef(string? Name, [property: JsonConverter(typeof(TextOrNumber))] string? Version);

internal sealed record UpdateVersion(string? Name, [property: JsonConverter(typeof(TextOrNumber))] string? Version, string? Description);

internal sealed record SetVersionTag(string? Name, [property: JsonConverter(typeof(TextOrNumber))] string? Version, string? Key, string? Value);

internal sealed record ModelAnswer(ModelMessage RegisteredModel);

internal sealed record ModelsAnswer(IReadOnlyList<ModelMessage>? RegisteredModels, string? NextPageToken);

internal sealed record VersionAnswer(VersionMessage ModelVersion);

internal sealed record VersionsAnswer(IReadOnlyList<VersionMessage>? ModelVersions, string? NextPageToken);

internal sealed record DownloadUri(string ArtifactUri);

internal sealed record ModelMessage
{
    public required string Name { get; init; }
    public required long CreationTimestamp { get; init; }
    public required long LastUpdatedTimestamp { get; init; }
    public string? UserId { get; init; }
    public string? Description { get; init; }
    public IReadOnlyList<VersionMessage>? LatestVersions { get; init; }
    public IReadOnlyList<KeyValue>? Tags { get; init; }
    public IReadOnlyList<AliasMessage>? Aliases { get; init; }
}

internal sealed record AliasMessage(string Alias, string Version);

internal sealed record VersionMessage
{
    public required string Name { get; init; }
    public required string Version { get; init; }
    public required long CreationTimestamp { get; init; }
    public required long LastUpdatedTimestamp { get; init; }
    public required string UserId { get; init; }
    public required string CurrentStage { get; init; }
    public string? Description { get; init; }
    public required string Source { get; init; }
    public string? RunId { get; init; }
    public string? RunLink { get; init; }

    /// <summary>The logged model of MLflow 3 that it was made from.</summary>
    public string? ModelId { get; init; }

    /// <summary><c>PENDING_REGISTRATION</c> while the validation runs, then <c>READY</c>: registration itself always succeeds.</summary>
    public required string Status { get; init; }

    /// <summary>For a version that is not servable: why.</summary>
    public string? StatusMessage { get; init; }
    public IReadOnlyList<KeyValue>? Tags { get; init; }
    public IReadOnlyList<string>? Aliases { get; init; }
}
