namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>What the request leaves as it is must still find what it needs.</summary>
public static class DependencyRules
{
    public static void Check(DefinitionScope scope)
    {
        foreach (var view in Kept(scope.FeatureViews.Values, scope.Set.FeatureViews))
        {
            CheckEntities(scope, $"feature view '{view.Name}'", view.Entities);
            CheckSource(scope, $"feature view '{view.Name}'", view.Source, path => FeatureViewRules.Check(scope, path, view));
        }

        foreach (var view in Kept(scope.StreamViews.Values, scope.Set.StreamFeatureViews))
        {
            CheckEntities(scope, $"stream feature view '{view.Name}'", view.Entities);
            CheckSource(scope, $"stream feature view '{view.Name}'", view.Source, path => StreamViewRules.Check(scope, path, view));
        }

        foreach (var view in Kept(scope.OnDemandViews.Values, scope.Set.OnDemandFeatureViews))
        {
            CheckOnDemand(scope, view);
        }

        foreach (var service in Kept(scope.Services.Values, scope.Set.FeatureServices))
        {
            CheckService(scope, service);
        }
    }

    private static IEnumerable<T> Kept<T>(IEnumerable<T> all, IReadOnlyList<T> added)
        where T : class => all.Where(definition => !added.Any(other => ReferenceEquals(other, definition)));

    private static void CheckEntities(DefinitionScope scope, string user, IReadOnlyList<string> entities)
    {
        foreach (var entity in entities.Where(entity => !scope.Entities.ContainsKey(entity)))
        {
            scope.Error(Deleted(scope.Set.Delete.Entities, "entities", entity), $"Entity '{entity}' is used by {user}.");
        }
    }

    /// <summary>A kept view is checked again where its source changes.</summary>
    private static void CheckSource(DefinitionScope scope, string user, string? source, Action<string> checkAgain)
    {
        if (source is null)
        {
            return;
        }

        if (!scope.Sources.ContainsKey(source))
        {
            scope.Error(Deleted(scope.Set.Delete.Sources, "sources", source), $"Source '{source}' is used by {user}.");
        }
        else if (scope.Set.Sources.Select(changed => changed.Name).ToList().IndexOf(source) is >= 0 and var index)
        {
            checkAgain($"sources[{index}] → {user}");
        }
    }

    private static void CheckOnDemand(DefinitionScope scope, OnDemandFeatureViewDefinition view)
    {
        var changed = scope.Set.Sources.Select(source => source.Name).Concat(scope.Set.FeatureViews.Select(other => other.Name)).Concat(scope.Set.StreamFeatureViews.Select(other => other.Name));
        foreach (var source in view.Sources.Where(source => !scope.Views.ContainsKey(source) && !scope.Sources.ContainsKey(source)))
        {
            var path = scope.Catalog.Sources.ContainsKey(source) ? Deleted(scope.Set.Delete.Sources, "sources", source) : DeletedView(scope, source);
            scope.Error(path, $"'{source}' is used by on-demand feature view '{view.Name}'.");
            return;
        }

        if (view.Sources.Intersect(changed, StringComparer.Ordinal).FirstOrDefault() is { } cause)
        {
            OnDemandRules.Check(scope, $"{scope.Views.GetValueOrDefault(cause)?.Path ?? cause} → on-demand feature view '{view.Name}'", view);
        }
    }

    private static void CheckService(DefinitionScope scope, FeatureServiceDefinition service)
    {
        var version = scope.Catalog.Services[service.Name][^1];
        foreach (var used in version.Features)
        {
            if (!scope.Views.TryGetValue(used.View, out var view))
            {
                scope.Error(DeletedView(scope, used.View), $"View '{used.View}' is used by feature service '{service.Name}' version {version.Version}; change or delete the service too.");
                return;
            }

            if (!view.Features.Any(feature => feature.Name == used.Feature))
            {
                scope.Error($"{view.Path ?? view.Name}.features", $"Feature '{used.Feature}' is used by feature service '{service.Name}' version {version.Version} and can't be removed; change or delete the service too.");
            }
        }
    }

    private static string Deleted(IReadOnlyList<string> deleted, string section, string name) => $"delete.{section}[{deleted.ToList().IndexOf(name)}]";

    private static string DeletedView(DefinitionScope scope, string name)
    {
        var delete = scope.Set.Delete;
        return delete.FeatureViews.Contains(name) ? Deleted(delete.FeatureViews, "feature_views", name)
            : delete.StreamFeatureViews.Contains(name) ? Deleted(delete.StreamFeatureViews, "stream_feature_views", name)
            : Deleted(delete.OnDemandFeatureViews, "on_demand_feature_views", name);
    }
}
