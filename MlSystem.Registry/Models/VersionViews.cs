using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.Contracts;

namespace MlSystem.Registry.Models;

/// <summary>A registered model in the native API.</summary>
/// <param name="LatestVersion">Absent when there is none yet.</param>
/// <param name="Aliases">Alias → version.</param>
internal sealed record ModelView(
    string Name, string? Description, int? LatestVersion, IReadOnlyDictionary<string, int> Aliases, DateTimeOffset CreatedAt, string CreatedBy);

internal sealed record ModelList(IReadOnlyList<ModelView> Models);

/// <summary>A model version in the native API.</summary>
/// <param name="Status"><c>pending</c>, <c>servable</c> or <c>refused</c>.</param>
/// <param name="Reason">Why it is refused.</param>
/// <param name="Manifest">Every file with its SHA-256 and size.</param>
/// <param name="ManifestSignature">The registry's signature over model, version and manifest.</param>
/// <param name="Signature">As in <c>signature.json</c>.</param>
/// <param name="Lineage">As in <c>lineage.json</c>.</param>
/// <param name="Members">The versions that a graph runs; absent for a model.</param>
internal sealed record VersionView(
    string Model,
    int Version,
    string Status,
    string? Reason,
    string? RunId,
    string Source,
    ModelManifest Manifest,
    ManifestSignature? ManifestSignature,
    JsonElement? Signature,
    JsonElement? Lineage,
    IReadOnlyList<MemberView>? Members,
    DateTimeOffset CreatedAt,
    string CreatedBy,
    IReadOnlyList<string> Aliases);

/// <summary>A version that a graph runs.</summary>
internal sealed record MemberView(string Model, int Version);

internal sealed record VersionList(IReadOnlyList<VersionView> Versions);

/// <summary>The native API's JSON of models.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(VersionList))]
internal sealed partial class ModelViewJson : JsonSerializerContext;
