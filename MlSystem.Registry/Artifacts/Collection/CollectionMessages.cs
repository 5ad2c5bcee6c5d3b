using System.Text.Json.Serialization;

namespace MlSystem.Registry.Artifacts.Collection;

/// <summary>What to collect.</summary>
internal sealed record CollectionRequest
{
    /// <summary>Whether only to tell what would go.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What was removed, or would be.</summary>
/// <param name="Removed">How many blobs.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Blobs">The first of them, by hash; at most 1000.</param>
internal sealed record CollectionReport(bool DryRun, long Removed, long Bytes, IReadOnlyList<CollectedBlob> Blobs);

internal sealed record CollectedBlob(string Sha256, long SizeBytes);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(CollectionRequest))]
[JsonSerializable(typeof(CollectionReport))]
internal sealed partial class CollectionJson : JsonSerializerContext;
