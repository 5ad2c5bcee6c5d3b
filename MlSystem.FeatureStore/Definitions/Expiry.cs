using System.Text.Json;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>How a view's values expire.</summary>
public sealed class Expiry
{
    private readonly FeatureValue[] _defaults;

    public Expiry(FeatureViewDefinition definition, IReadOnlyList<Field> features)
    {
        TtlUs = definition.TtlSeconds == 0 ? null : definition.TtlSeconds * 1_000_000;
        KeepUs = definition.Expired?.KeepSeconds * 1_000_000;
        IsFlagged = definition.Expired?.Return is null or ExpiredReturn.Flagged;
        _defaults = [.. features.Select(feature => Default(definition.Expired, feature))];
    }

    /// <summary>Microseconds after its event time until when a value is valid (inclusive); null: for ever.</summary>
    public long? TtlUs { get; }

    /// <summary>Microseconds that an expired row stays in the online store; null: what the service's options say.</summary>
    public long? KeepUs { get; }

    /// <summary>Whether an expired value is given itself; else <see cref="DefaultOf"/>.</summary>
    public bool IsFlagged { get; }

    /// <summary>What is given in place of an expired value; missing where that is null.</summary>
    public FeatureValue DefaultOf(int feature) => _defaults[feature];

    private static FeatureValue Default(ExpiredDefinition? expired, Field feature) =>
        expired is { Return: ExpiredReturn.Default, Defaults: { } defaults } && defaults.TryGetValue(feature.Name, out JsonElement json)
        && ValueReader.FromJson(feature.Datatype, json, out var value) is null
            ? value
            : FeatureValue.Missing;
}
