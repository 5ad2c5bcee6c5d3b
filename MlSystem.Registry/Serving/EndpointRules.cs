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
        CheckPolicy(errors, body.Policy ?? new());
        CheckLimits(errors, body.Limits ?? new());
        var share = (body.Logging ?? new()).SampleShare;
        errors.AddIf(share is not (>= 0 and <= 1), "logging.sample_share", $"it is {share}; allowed are 0 to 1");
        errors.AddIf(body.Logging is { SensitiveColumns: null }, "logging.sensitive_columns", "it must be an array");
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
            hasLive |= variant.Role == VariantRole.Live && variant.Weight > 0;
        }

        errors.AddIf(variants.Count > 0 && !hasLive, "variants", "none is live with a weight above 0: nothing would answer");
    }

    private static void CheckPolicy(Errors errors, EndpointPolicy policy)
    {
        errors.AddIf(policy.Kind is not ("static" or "sticky" or "bandit"), "policy.kind", $"'{policy.Kind}' is unknown; allowed are 'static', 'sticky' and 'bandit'");
        errors.AddIf(policy.Kind == "sticky" && string.IsNullOrEmpty(policy.Key), "policy.key", "a sticky policy needs the key that keeps a caller on its variant");
        errors.AddIf(policy.Kind == "bandit" && string.IsNullOrEmpty(policy.Metric), "policy.metric", "a bandit policy needs the metric that is its reward");
    }

    private static void CheckLimits(Errors errors, EndpointLimits limits)
    {
        AtLeast(errors, "limits.max_concurrency", limits.MaxConcurrency, 1);
        AtLeast(errors, "limits.max_queue", limits.MaxQueue, 0);
        AtLeast(errors, "limits.timeout_ms", limits.TimeoutMs, 1);
        AtLeast(errors, "limits.max_batch_size", limits.MaxBatchSize, 1);
    }

    private static void AtLeast(Errors errors, string field, int? value, int min) => errors.AddIf(value < min, field, $"it is {value}; it must be at least {min}");

    [GeneratedRegex(@"^[\w.\-]{1,64}\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VariantName();
}

/// <summary>Violations by field.</summary>
internal sealed class Errors
{
    private readonly SortedDictionary<string, List<string>> _byField = new(StringComparer.Ordinal);

    public bool Any => _byField.Count > 0;

    public void Add(string field, string message)
    {
        if (!_byField.TryGetValue(field, out var messages))
        {
            _byField[field] = messages = [];
        }

        messages.Add(message);
    }

    public void AddIf(bool violated, string field, string message)
    {
        if (violated)
        {
            Add(field, message);
        }
    }

    public Dictionary<string, string[]> ToDictionary() => _byField.ToDictionary(e => e.Key, e => e.Value.ToArray(), StringComparer.Ordinal);
}
