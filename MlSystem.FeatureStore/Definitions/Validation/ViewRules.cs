namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>What feature views and stream feature views have in common.</summary>
public static class ViewRules
{
    /// <summary>100 years.</summary>
    public const long MaxTtlSeconds = 3_155_760_000;

    /// <returns>The join keys of the view's entities, as far as they are known.</returns>
    public static IReadOnlyList<FieldDefinition> CheckEntities(DefinitionScope scope, string path, IReadOnlyList<string> entities)
    {
        var keys = new List<FieldDefinition>();
        if (entities.Count == 0)
        {
            scope.Error($"{path}.entities", "A feature view needs at least one entity.");
        }

        for (var i = 0; i < entities.Count; i++)
        {
            if (scope.Entities.TryGetValue(entities[i], out var entity))
            {
                keys.AddRange(entity.JoinKeys);
            }
            else
            {
                scope.Error($"{path}.entities[{i}]", $"There is no entity '{entities[i]}'.");
            }
        }

        return keys;
    }

    public static void CheckTtl(DefinitionScope scope, string path, long seconds)
    {
        if (seconds is < 0 or > MaxTtlSeconds)
        {
            scope.Error($"{path}.ttl_seconds", $"The time to live must be from 0 (never expires) to {MaxTtlSeconds} seconds (100 years).");
        }
    }

    public static void CheckStores(DefinitionScope scope, string path, bool online, bool offline)
    {
        if (!online && !offline)
        {
            scope.Error(path, "A feature view must be online, offline or both.");
        }
    }

    public static void CheckSensitive(DefinitionScope scope, string path, IReadOnlyList<string>? sensitive, IEnumerable<string> columns)
    {
        var known = columns.ToHashSet(StringComparer.Ordinal);
        foreach (var (index, column) in (sensitive ?? []).Index())
        {
            if (!known.Contains(column))
            {
                scope.Error($"{path}.sensitive_columns[{index}]", $"There is no column '{column}'.");
            }
        }
    }

    /// <summary>Rows that are already stored must stay readable, also those of a view that was deleted: its name brings them back.</summary>
    public static void CheckStored(DefinitionScope scope, string path, string name, IReadOnlyList<string> entities, IReadOnlyList<(string Name, Datatype? Datatype, string Path)> features)
    {
        var stored = scope.Catalog.Views.GetValueOrDefault(name) ?? scope.Catalog.RetiredViews.GetValueOrDefault(name);
        if (stored is null)
        {
            return;
        }

        if (!stored.Definition.Entities.SequenceEqual(entities))
        {
            scope.Error($"{path}.entities", $"The entities of view '{name}' can't change, because stored rows are found by them; define another view.");
        }

        foreach (var feature in features)
        {
            var before = stored.Layouts.SelectMany(layout => layout.Features).FirstOrDefault(field => field.Name == feature.Name);
            if (before is not null && feature.Datatype is { } datatype && datatype != before.Datatype)
            {
                scope.Error(feature.Path, $"Feature '{feature.Name}' is {before.Datatype.Name()} in stored rows and can't become {datatype.Name()}; give the feature another name.");
            }
        }
    }
}
