namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>Only what is there can be deleted, and not what the same request defines.</summary>
public static class DeletionRules
{
    public static void Check(DefinitionScope scope)
    {
        var (set, catalog) = (scope.Set, scope.Catalog);
        Check(scope, "entities", set.Delete.Entities, set.Entities, catalog.Entities.ContainsKey);
        Check(scope, "sources", set.Delete.Sources, set.Sources, catalog.Sources.ContainsKey);
        Check(scope, "feature_views", set.Delete.FeatureViews, set.FeatureViews, name => catalog.Views.TryGetValue(name, out var view) && view.Stream is null);
        Check(scope, "stream_feature_views", set.Delete.StreamFeatureViews, set.StreamFeatureViews, catalog.StreamViews.ContainsKey);
        Check(scope, "on_demand_feature_views", set.Delete.OnDemandFeatureViews, set.OnDemandFeatureViews, catalog.OnDemandViews.ContainsKey);
        Check(scope, "feature_services", set.Delete.FeatureServices, set.FeatureServices, catalog.Services.ContainsKey);
    }

    private static void Check<T>(DefinitionScope scope, string section, IReadOnlyList<string> names, IReadOnlyList<T> defined, Func<string, bool> exists)
        where T : INamedDefinition
    {
        foreach (var (index, name) in names.Index())
        {
            if (defined.Any(definition => definition.Name == name))
            {
                scope.Error($"delete.{section}[{index}]", $"'{name}' is defined in the same request.");
            }
            else if (!exists(name))
            {
                scope.Error($"delete.{section}[{index}]", $"There is no '{name}' to delete.");
            }
        }
    }
}
