using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MlSystem.FeatureStore.Definitions.Storage;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>What an apply would do.</summary>
/// <param name="Added">New rows of the definitions' table.</param>
/// <param name="After">The catalog that they make.</param>
public sealed record ApplyPlan(IReadOnlyList<PlannedChange> Changes, IReadOnlyList<DefinitionRow> Added, Catalog After);

/// <summary>Compares valid definitions with the stored ones: same definitions, no change.</summary>
public sealed class ApplyPlanner
{
    private readonly IReadOnlyCollection<DefinitionRow> _stored;
    private readonly Dictionary<(string Kind, string Name), DefinitionRow> _newest;
    private readonly long _revision;
    private readonly List<PlannedChange> _changes = [];
    private readonly List<DefinitionRow> _added = [];

    private ApplyPlanner(IReadOnlyCollection<DefinitionRow> stored, long revision)
    {
        (_stored, _revision) = (stored, revision);
        _newest = stored.GroupBy(row => (row.Kind, row.Name)).ToDictionary(group => group.Key, group => group.MaxBy(row => row.Version)!);
    }

    /// <param name="revision">The revision that the change would make.</param>
    public static ApplyPlan Plan(DefinitionSet set, IReadOnlyCollection<DefinitionRow> stored, long revision)
    {
        var planner = new ApplyPlanner(stored, revision);
        planner.AddAll(DefinitionKind.Entity, set.Entities, DefinitionsJson.Default.EntityDefinition, entity => entity);
        planner.AddAll(DefinitionKind.Source, set.Sources, DefinitionsJson.Default.SourceDefinition, source => source);
        planner.AddAll(DefinitionKind.FeatureView, set.FeatureViews, DefinitionsJson.Default.FeatureViewDefinition, view => view);
        var resolver = new DefinitionResolver(planner.Catalog());
        planner.AddAll(DefinitionKind.StreamFeatureView, set.StreamFeatureViews, DefinitionsJson.Default.StoredStreamFeatureView, resolver.Resolve);
        resolver = new DefinitionResolver(planner.Catalog());
        planner.AddAll(DefinitionKind.OnDemandFeatureView, set.OnDemandFeatureViews, DefinitionsJson.Default.StoredOnDemandFeatureView, resolver.Resolve);
        resolver = new DefinitionResolver(planner.Catalog());
        planner.AddAll(DefinitionKind.FeatureService, set.FeatureServices, DefinitionsJson.Default.StoredFeatureService, resolver.Resolve);
        planner.Delete(DefinitionKind.FeatureService, set.Delete.FeatureServices);
        planner.Delete(DefinitionKind.OnDemandFeatureView, set.Delete.OnDemandFeatureViews);
        planner.Delete(DefinitionKind.StreamFeatureView, set.Delete.StreamFeatureViews);
        planner.Delete(DefinitionKind.FeatureView, set.Delete.FeatureViews);
        planner.Delete(DefinitionKind.Source, set.Delete.Sources);
        planner.Delete(DefinitionKind.Entity, set.Delete.Entities);
        return new ApplyPlan(planner._changes, planner._added, planner.Catalog());
    }

    private Catalog Catalog() => CatalogBuilder.Build(_revision, _stored.Concat(_added));

    private void AddAll<TDefinition, TStored>(string kind, IReadOnlyList<TDefinition> definitions, JsonTypeInfo<TStored> type, Func<TDefinition, TStored> resolve)
        where TDefinition : INamedDefinition
    {
        foreach (var definition in definitions)
        {
            Add(kind, definition.Name, JsonSerializer.Serialize(resolve(definition), type));
        }
    }

    private void Add(string kind, string name, string json)
    {
        var before = _newest.GetValueOrDefault((kind, name));
        if (before?.Json == json)
        {
            _changes.Add(new PlannedChange(kind, name, before.Version, PlannedChange.Unchanged, []));
            return;
        }

        var row = Append(kind, name, json);
        _changes.Add(before is null or { IsDeletion: true }
            ? new PlannedChange(kind, name, row.Version, PlannedChange.Created, [])
            : new PlannedChange(kind, name, row.Version, PlannedChange.Updated, JsonDifference.Describe(before.Json, json)));
    }

    private void Delete(string kind, IReadOnlyList<string> names)
    {
        foreach (var name in names.Distinct(StringComparer.Ordinal))
        {
            _changes.Add(new PlannedChange(kind, name, Append(kind, name, DefinitionRow.Deletion).Version, PlannedChange.Deleted, []));
        }
    }

    private DefinitionRow Append(string kind, string name, string json)
    {
        var row = new DefinitionRow { Kind = kind, Name = name, Version = (_newest.GetValueOrDefault((kind, name))?.Version ?? 0) + 1, Json = json, Revision = _revision };
        _added.Add(row);
        return row;
    }
}
