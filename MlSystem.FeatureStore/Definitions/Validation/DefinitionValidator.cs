namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>Checks a set of definitions against each other and against what is in force; finds every mistake, decides nothing else.</summary>
public static class DefinitionValidator
{
    public static IReadOnlyList<DefinitionError> Validate(Catalog catalog, DefinitionSet set)
    {
        var scope = new DefinitionScope(catalog, set);
        DeletionRules.Check(scope);
        Check(scope, "entities", set.Entities, EntityRules.Check);
        Check(scope, "sources", set.Sources, SourceRules.Check);
        Check(scope, "feature_views", set.FeatureViews, FeatureViewRules.Check);
        Check(scope, "stream_feature_views", set.StreamFeatureViews, StreamViewRules.Check);
        Check(scope, "on_demand_feature_views", set.OnDemandFeatureViews, OnDemandRules.Check);
        Check(scope, "feature_services", set.FeatureServices, ServiceRules.Check);
        NameRules.CheckViewNames(scope);
        DependencyRules.Check(scope);
        return scope.Errors;
    }

    private static void Check<T>(DefinitionScope scope, string section, IReadOnlyList<T> definitions, Action<DefinitionScope, string, T> rule)
        where T : INamedDefinition
    {
        NameRules.CheckNames(scope, section, definitions.Select(definition => definition.Name));
        for (var i = 0; i < definitions.Count; i++)
        {
            rule(scope, $"{section}[{i}]", definitions[i]);
        }
    }
}
