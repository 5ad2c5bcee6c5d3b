using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Registry.Models;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Promotions;

/// <summary>What a request must be, and which serving state it means.</summary>
internal static class PromotionRules
{
    private const int MaxTextLength = 4000;
    private const int MaxChecksLength = 64 * 1024;

    /// <summary>All mistakes at once (422).</summary>
    public static CheckedPromotion Checked(RequestPromotion request)
    {
        var errors = new Errors();
        var (alias, endpoint) = (request.Target?.Alias, request.Target?.Endpoint);
        var checks = request.Checks is { ValueKind: not JsonValueKind.Null } given ? given.GetRawText() : null;
        errors.AddIf(string.IsNullOrEmpty(request.Model), "model", "it is missing");
        errors.AddIf(request.Version is null, "version", "it is missing");
        errors.AddIf(request.Version < 1, "version", $"it is {request.Version}; versions begin at 1");
        errors.AddIf(request.Target is null, "target", "it is missing: {\"alias\": \"champion\"} or {\"endpoint\": name}");
        errors.AddIf(request.Target is not null && (alias is null) == (endpoint is null), "target", "it must have either alias or endpoint");
        errors.AddIf(alias is not null and not AliasStore.Champion, "target.alias", $"only '{AliasStore.Champion}' commands what serves; set other aliases directly");
        errors.AddIf(alias is not null && request.Target!.Variants is not null, "target.variants", "an alias takes all live traffic; name the endpoint to give it variants");
        errors.AddIf(string.IsNullOrWhiteSpace(request.Comment), "comment", "it is missing: say why");
        errors.AddIf(request.Comment?.Length > MaxTextLength, "comment", $"at most {MaxTextLength} characters are allowed");
        errors.AddIf(checks is not null && (request.Checks!.Value.ValueKind != JsonValueKind.Object || checks.Length > MaxChecksLength), "checks", $"it must be an object of at most {MaxChecksLength} characters");
        if (request.Target?.Variants is { } variants)
        {
            errors.AddIf(!variants.Any(v => v?.Model == request.Model && v?.Version == request.Version), "target.variants", "none of them is the version to promote");
        }

        if (endpoint is not null)
        {
            // Of variants that nobody gave nothing can be wrong but what was told above.
            var state = new PutEndpoint { Variants = request.Target!.Variants ?? [Whole("model", 1)], Reason = "promotion" };
            errors.AddAll(EndpointRules.Check(endpoint, state), ("name", "target.endpoint"), ("variants", "target.variants"));
        }

        return errors.Any ? throw Refused.Invalid(errors, "The promotion") : new(request.Model!, request.Version!.Value, endpoint ?? request.Model!, alias, request.Target!.Variants, checks, request.Comment!);
    }

    public static string Text(string? text) =>
        (text?.Length ?? 0) > MaxTextLength ? throw Refused.BadRequest($"comment has {text!.Length} characters; at most {MaxTextLength} are allowed.") : text ?? "";

    /// <summary>The wanted variants in the present state; where none were named the version is the whole live traffic and shadows of others stay.</summary>
    public static EndpointState State(Promotion promotion, EndpointState? before)
    {
        var whole = Whole(promotion.Model, promotion.Version);
        var variants = promotion.State is null
            ? [whole, .. (before?.Variants ?? []).Where(v => v.Role == VariantRole.Shadow && v.Name != whole.Name && (v.Model, v.Version) != (promotion.Model, promotion.Version))]
            : JsonSerializer.Deserialize(promotion.State, PromotionJson.Default.IReadOnlyListEndpointVariant)!;
        return (before ?? new EndpointState { Variants = [] }) with { Variants = variants };
    }

    private static EndpointVariant Whole(string model, int version) => new() { Name = AliasStore.Champion, Model = model, Version = version };
}

/// <summary>A request that is in order.</summary>
internal sealed record CheckedPromotion(string Model, int Version, string Endpoint, string? Alias, IReadOnlyList<EndpointVariant>? Variants, string? Checks, string Comment)
{
    public Promotion ToPromotion(Caller caller, DateTimeOffset now, bool approvalRequired) => new()
    {
        PromotionId = Guid.CreateVersion7(now).ToString("N"),
        Model = Model,
        Version = Version,
        Endpoint = Endpoint,
        Alias = Alias,
        State = Variants is null ? null : JsonSerializer.Serialize(Variants, PromotionJson.Default.IReadOnlyListEndpointVariant),
        Checks = Checks,
        Status = PromotionStatus.Requested,
        ApprovalRequired = approvalRequired,
        RequestedBy = caller.Name,
        RequestedAt = now.ToUnixTimeMilliseconds(),
    };
}
