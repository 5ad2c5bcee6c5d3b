using System.Text.RegularExpressions;
using MlSystem.Contracts;
using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Serving;

/// <summary>What a serving state must satisfy; every violation is reported at once, by the path of its field.</summary>
internal static partial class EndpointRules
{
    public const int MaxVariants = 100;
    public const int MaxReasonLength = 1000;

    public static Errors Check(string name, PutEndpoint body)
    {
        var errors = new Errors();
        errors.AddIf(Names.Problem(name) is not null, "name", Names.Problem(name) ?? "");
        errors.AddIf(string.IsNullOrWhiteSpace(body.Reason), "reason", "it is required: say why the state changes");
        errors.AddIf(body.Reason?.Length > MaxReasonLength, "reason", $"it has {body.Reason?.Length} characters; at most {MaxReasonLength} are allowed");
        CheckVariants(errors, body.Variants ?? []);
        PolicyRules.Check(errors, body.Policy ?? new());
        ServingRules.Check(errors, body);
        return errors;
    }

    private static void CheckVariants(Errors errors, IReadOnlyList<EndpointVariant> variants)
    {
        errors.AddIf(variants.Count is 0 or > MaxVariants, "variants", $"there are {variants.Count}; 1 to {MaxVariants} are allowed");
        var hasLive = false;
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < variants.Count; i++)
        {
            var field = $"variants[{i}]";
            if (variants[i] is not { } variant)
            {
                errors.Add(field, "it is null");
                continue;
            }

            errors.AddIf(!VariantName().IsMatch(variant.Name ?? ""), $"{field}.name", $"'{variant.Name}' must have 1 to 64 letters, digits, '_', '-' or '.'");
            errors.AddIf(!names.Add(variant.Name ?? ""), $"{field}.name", $"'{variant.Name}' is there twice");
            errors.AddIf(string.IsNullOrEmpty(variant.Model), $"{field}.model", "it is empty");
            errors.AddIf(variant.Version < 1, $"{field}.version", $"it is {variant.Version}; versions begin at 1");
            errors.AddIf(!double.IsFinite(variant.Weight) || variant.Weight < 0, $"{field}.weight", $"it is {variant.Weight}; it must be finite and not negative");
            errors.AddIf(variant.Role is not (VariantRole.Live or VariantRole.Shadow), $"{field}.role", $"'{variant.Role}' is unknown; allowed are 'live' and 'shadow'");
            errors.AddIf(variant is { Role: VariantRole.Shadow, Weight: > 1 }, $"{field}.weight", $"it is {variant.Weight}; a shadow's is the share of requests that are mirrored, 0 to 1");
            hasLive |= variant.Role == VariantRole.Live && variant.Weight > 0;
        }

        errors.AddIf(variants.Count > 0 && !hasLive, "variants", "none is live with a weight above 0: nothing would answer");
    }

    [GeneratedRegex(@"^[\w.\-]{1,64}\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VariantName();
}
