using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>What views say of expired values.</summary>
public static class ExpiredRules
{
    /// <summary>Shorter than this a reader could not rely on ever seeing an expired value.</summary>
    public const long MinKeepSeconds = 60;

    /// <param name="features">The view's features; a datatype that is not known is a mistake told elsewhere.</param>
    public static void Check(DefinitionScope scope, string path, ExpiredDefinition? expired, long ttlSeconds, IEnumerable<(string Name, Datatype? Datatype)> features)
    {
        if (expired is null)
        {
            return;
        }

        path += ".expired";
        if (ttlSeconds == 0)
        {
            scope.Error(path, "Without ttl_seconds no value expires.");
        }

        if (expired.Return is { } policy && !ExpiredReturn.All.Contains(policy))
        {
            scope.Error($"{path}.return", $"'{policy}' is not known; allowed: {string.Join(' ', ExpiredReturn.All)}.");
        }

        CheckKeep(scope, $"{path}.keep_seconds", expired);
        CheckDefaults(scope, $"{path}.defaults", expired, features);
    }

    private static void CheckKeep(DefinitionScope scope, string path, ExpiredDefinition expired)
    {
        if (expired.KeepSeconds is < 0 or > ViewRules.MaxTtlSeconds)
        {
            scope.Error(path, $"Expired values are kept from 0 to {ViewRules.MaxTtlSeconds} seconds (100 years).");
        }
        else if (expired.KeepSeconds < MinKeepSeconds && expired.Return != ExpiredReturn.Null)
        {
            scope.Error(path, $"'{expired.Return ?? ExpiredReturn.Flagged}' gives something for expired values, so they are kept at least {MinKeepSeconds} seconds.");
        }
    }

    private static void CheckDefaults(DefinitionScope scope, string path, ExpiredDefinition expired, IEnumerable<(string Name, Datatype? Datatype)> features)
    {
        if (expired.Return == ExpiredReturn.Default != expired.Defaults is { Count: > 0 })
        {
            scope.Error(path, "'return: default' needs defaults, and only it uses them.");
        }

        var known = features.GroupBy(feature => feature.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().Datatype, StringComparer.Ordinal);
        foreach (var (name, value) in expired.Defaults ?? new Dictionary<string, System.Text.Json.JsonElement>(StringComparer.Ordinal))
        {
            if (!known.TryGetValue(name, out var datatype))
            {
                scope.Error($"{path}.{name}", $"There is no feature '{name}'.");
            }
            else if (datatype is { } wanted && ValueReader.FromJson(wanted, value, out _) is { } error)
            {
                scope.Error($"{path}.{name}", $"{error}.");
            }
        }
    }
}
