using System.Text.Json.Serialization;

namespace MlSystem.Registry.Artifacts.Verification;

/// <summary>What to verify.</summary>
internal sealed record VerificationRequest
{
    /// <summary>Whether to read every content and compare its hash too; otherwise only that it is there with its size.</summary>
    public bool Content { get; init; }
}

/// <summary>What was found.</summary>
/// <param name="Content">Whether hashes were compared.</param>
/// <param name="Checked">How many contents something references.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Damaged">How many of them are not whole.</param>
/// <param name="Problems">The first of these, by hash; at most 1000.</param>
internal sealed record VerificationReport(bool Content, long Checked, long Bytes, long Damaged, IReadOnlyList<DamagedBlob> Problems);

/// <summary>A content that is referenced and not whole.</summary>
/// <param name="Kind"><c>missing</c>, <c>truncated</c> (another size) or <c>altered</c> (another hash).</param>
/// <param name="Artifacts">Paths in the artifact tree that have it; at most 10.</param>
/// <param name="Versions">Files of model versions that are it; at most 10.</param>
internal sealed record DamagedBlob(string Sha256, long SizeBytes, string Kind, string Message, IReadOnlyList<string> Artifacts, IReadOnlyList<string> Versions);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(VerificationRequest))]
[JsonSerializable(typeof(VerificationReport))]
internal sealed partial class VerificationJson : JsonSerializerContext;
