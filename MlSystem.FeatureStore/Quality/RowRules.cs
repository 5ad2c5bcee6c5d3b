using System.Collections.Frozen;
using System.Globalization;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Quality;

/// <summary>A value that a rule does not allow.</summary>
/// <param name="Blocks">The row is refused.</param>
public readonly record struct RuleBreach(string Feature, string Message, bool Blocks);

/// <summary>The rules of a view that can be asked of a single row.</summary>
public sealed class RowRules
{
    private readonly Check[] _checks;

    private RowRules(Check[] checks) => _checks = checks;

    /// <summary>Null where a view has none: its rows cost nothing.</summary>
    public static RowRules? Of(FeatureViewDefinition view, IReadOnlyList<Field> features)
    {
        Check[] checks = [.. from rule in view.Rules ?? []
                             from feature in features.Index()
                             where feature.Item.Name == rule.Feature && (rule is not { Min: null, Max: null, AllowedValues: null } || rule.MaxNullShare == 0)
                             select new Check(rule, feature.Index, feature.Item.Datatype, rule.AllowedValues?.ToFrozenSet(StringComparer.Ordinal), view.SensitiveColumns?.Contains(rule.Feature) == true)];
        return checks.Length == 0 ? null : new RowRules(checks);
    }

    /// <summary>Adds what is wrong with a row's values.</summary>
    /// <param name="values">One for each of the view's features.</param>
    public void Add(FeatureValue[] values, List<RuleBreach> breaches)
    {
        foreach (var check in _checks)
        {
            if (check.Mistake(values[check.Feature]) is { } message)
            {
                breaches.Add(new RuleBreach(check.Rule.Feature, message, check.Rule.Action == RuleDefinition.Block));
            }
        }
    }

    private sealed record Check(RuleDefinition Rule, int Feature, Datatype Datatype, FrozenSet<string>? Allowed, bool Sensitive)
    {
        public string? Mistake(in FeatureValue value)
        {
            if (!value.HasValue)
            {
                return Rule.MaxNullShare == 0 ? "a value is required" : null;
            }

            if (Datatype.IsNumber())
            {
                var number = Datatype is Datatype.Fp32 or Datatype.Fp64 ? value.AsFp64 : value.AsInt64;
                if (number < Rule.Min || number > Rule.Max)
                {
                    return $"{Shown(number.ToString(CultureInfo.InvariantCulture))} is outside of {Limit(Rule.Min, "-∞")} to {Limit(Rule.Max, "∞")}";
                }
            }

            return Allowed is { } allowed && Text(value) is var text && !allowed.Contains(text) ? $"{Shown(text)} is not allowed" : null;
        }

        private static string Limit(double? limit, string none) => limit?.ToString(CultureInfo.InvariantCulture) ?? none;

        private string Text(in FeatureValue value) => Datatype switch
        {
            Datatype.Bytes => value.Text!,
            Datatype.Bool => value.AsBool ? "true" : "false",
            _ => value.AsInt64.ToString(CultureInfo.InvariantCulture),
        };

        private string Shown(string text) => Sensitive ? "the value" : text.Length <= 60 ? $"'{text}'" : $"'{text.AsSpan(0, 57)}...'";
    }
}
