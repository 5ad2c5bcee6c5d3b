namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>Feature services.</summary>
public static class ServiceRules
{
    public static void Check(DefinitionScope scope, string path, FeatureServiceDefinition service)
    {
        if (service.Features.Count == 0)
        {
            scope.Error($"{path}.features", "A feature service needs at least one feature view.");
        }

        var names = new List<string>();
        for (var i = 0; i < service.Features.Count; i++)
        {
            names.AddRange(CheckProjection(scope, $"{path}.features[{i}]", service.Features[i]));
        }

        foreach (var group in names.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            scope.Error($"{path}.features", $"The name '{group.Key}' stands for {group.Count()} features; give all but one another name with 'rename'.");
        }
    }

    private static List<string> CheckProjection(DefinitionScope scope, string path, ProjectionDefinition projection)
    {
        if (!scope.Views.TryGetValue(projection.View, out var view))
        {
            scope.Error($"{path}.view", $"There is no feature view '{projection.View}'.");
            return [];
        }

        var known = view.Features.Select(feature => feature.Name).ToHashSet(StringComparer.Ordinal);
        var chosen = projection.Features ?? [.. view.Features.Select(feature => feature.Name)];
        foreach (var unknown in chosen.Where(feature => !known.Contains(feature)))
        {
            scope.Error($"{path}.features", $"Feature view '{projection.View}' has no feature '{unknown}'.");
        }

        foreach (var (feature, name) in projection.Rename ?? new Dictionary<string, string>())
        {
            if (!chosen.Contains(feature))
            {
                scope.Error($"{path}.rename", $"'{feature}' is not among the chosen features.");
            }

            NameRules.CheckColumn(scope, $"{path}.rename", name);
        }

        return [.. chosen.Select(feature => projection.Rename?.GetValueOrDefault(feature) ?? feature)];
    }
}
