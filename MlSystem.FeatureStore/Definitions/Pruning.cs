namespace MlSystem.FeatureStore.Definitions;

/// <summary>Deletes what a request leaves out.</summary>
public static class Pruning
{
    public static DefinitionSet Of(DefinitionSet set, Catalog catalog) => set with
    {
        Delete = new DeletionDefinition
        {
            Entities = Rest(catalog.Entities.Keys, set.Entities, set.Delete.Entities),
            Sources = Rest(catalog.Sources.Keys, set.Sources, set.Delete.Sources),
            FeatureViews = Rest(catalog.Views.Values.Where(view => view.Stream is null).Select(view => view.Name), set.FeatureViews, set.Delete.FeatureViews),
            StreamFeatureViews = Rest(catalog.StreamViews.Keys, set.StreamFeatureViews, set.Delete.StreamFeatureViews),
            OnDemandFeatureViews = Rest(catalog.OnDemandViews.Keys, set.OnDemandFeatureViews, set.Delete.OnDemandFeatureViews),
            FeatureServices = Rest(catalog.Services.Keys, set.FeatureServices, set.Delete.FeatureServices),
        },
    };

    private static IReadOnlyList<string> Rest<T>(IEnumerable<string> stored, IReadOnlyList<T> defined, IReadOnlyList<string> deleted)
        where T : INamedDefinition =>
        [.. deleted.Concat(stored.Except(defined.Select(definition => definition.Name), StringComparer.Ordinal).Order(StringComparer.Ordinal)).Distinct(StringComparer.Ordinal)];
}
