using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MlSystem.Registry.Audit;

/// <summary>One entry of the audit.</summary>
/// <param name="Before">The changed fields as they were; absent for something new.</param>
/// <param name="After">The changed fields as they became; absent for something removed.</param>
/// <param name="Erased">Whether before and after were erased for a data subject.</param>
/// <param name="Salt">With it, <c>SHA-256(salt + content)</c> is <paramref name="ContentSha256"/>.</param>
internal sealed record AuditView(
    long Sequence, DateTimeOffset Time, string Principal, string Action, string Resource, string RequestId,
    JsonElement? Before, JsonElement? After, bool Erased, string? Salt, string ContentSha256, string PreviousHash, string Hash);

/// <summary>A page, newest first.</summary>
/// <param name="NextBefore">The <c>before</c> of the next page; absent on the last.</param>
internal sealed record AuditPage(IReadOnlyList<AuditView> Entries, long? NextBefore);

/// <summary>What the verification of the chain found.</summary>
/// <param name="Entries">How many entries were looked at.</param>
/// <param name="Head">The end of the chain: keep its hash elsewhere to detect later that the database was exchanged as a whole.</param>
/// <param name="Anchor">The end as this replica last wrote it beside the database; absent when it has not yet.</param>
/// <param name="Problems">In the order of the chain.</param>
/// <param name="More">Whether the verification ended early, after 1,000 problems.</param>
internal sealed record AuditVerdict(bool Valid, long Entries, AuditPoint Head, AuditPoint? Anchor, IReadOnlyList<AuditProblem> Problems, bool More);

/// <summary>A place in the chain.</summary>
internal sealed record AuditPoint(long Sequence, string Hash);

/// <summary>Something that no writer of the registry has done.</summary>
/// <param name="Kind"><c>altered</c>, <c>removed</c>, <c>reordered</c>, <c>inserted</c>, <c>content_altered</c>, <c>content_removed</c>, <c>truncated</c>.</param>
internal sealed record AuditProblem(long Sequence, string Kind, string Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditPage))]
[JsonSerializable(typeof(AuditVerdict))]
internal sealed partial class AuditJson : JsonSerializerContext
{
    /// <summary>One entry a line: no character of other scripts is escaped.</summary>
    public static readonly AuditJson Lines = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
