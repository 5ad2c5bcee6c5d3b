using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.Contracts;

namespace MlSystem.Registry.Promotions;

/// <summary>What <c>POST /api/promotions</c> asks for.</summary>
internal sealed record RequestPromotion
{
    public string? Model { get; init; }

    public int? Version { get; init; }

    public PromotionTarget? Target { get; init; }

    /// <summary>1 to 4,000 characters.</summary>
    public string? Comment { get; init; }

    /// <summary>Results of gates: any JSON object of at most 64 KiB.</summary>
    public JsonElement? Checks { get; init; }
}

/// <summary>Exactly one of alias and endpoint.</summary>
internal sealed record PromotionTarget
{
    /// <summary><c>champion</c>: the whole live traffic of the endpoint of the model's name.</summary>
    public string? Alias { get; init; }

    public string? Endpoint { get; init; }

    /// <summary>The endpoint's variants; default: the version as the whole live traffic, shadows stay.</summary>
    public IReadOnlyList<EndpointVariant>? Variants { get; init; }
}

/// <summary>The body of a decision or comment.</summary>
internal sealed record PromotionDecision
{
    /// <summary>At most 4,000 characters.</summary>
    public string? Comment { get; init; }

    /// <summary>Of an approval: whether it is applied at once. Default true.</summary>
    public bool? Apply { get; init; }
}

/// <summary>A promotion.</summary>
/// <param name="State"><c>requested approved rejected applied superseded cancelled</c>.</param>
internal sealed record PromotionView(
    string PromotionId, string Model, int Version, PromotionTarget Target, string State, bool ApprovalRequired, JsonElement? Checks,
    string RequestedBy, DateTimeOffset RequestedAt, string? DecidedBy, DateTimeOffset? DecidedAt, long? AppliedRevision, DateTimeOffset? AppliedAt,
    IReadOnlyList<PromotionCommentView> Comments);

internal sealed record PromotionCommentView(string Author, string Action, string Text, DateTimeOffset Time);

/// <summary>Newest first.</summary>
/// <param name="NextBefore">The <c>before</c> of the next page; absent on the last.</param>
internal sealed record PromotionList(IReadOnlyList<PromotionView> Promotions, string? NextBefore);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RequestPromotion))]
[JsonSerializable(typeof(PromotionDecision))]
[JsonSerializable(typeof(PromotionView))]
[JsonSerializable(typeof(PromotionList))]
[JsonSerializable(typeof(IReadOnlyList<EndpointVariant>))]
internal sealed partial class PromotionJson : JsonSerializerContext;
