using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MlSystem.FeatureStore.Definitions.Storage;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>Compares valid definitions with the stored ones: same definitions, no change.</summary>
public sealed class ApplyPlanner
{
    private readonly Dictionary<(string Kind, string Name), DefinitionRow> _newest;
    private readonly long _revision;
    private readonly List<PlannedChange> _plan = [];
    private readonly List<DefinitionRow> _added = [];

    private ApplyPlanner(IEnumerable<DefinitionRow> stored, long revision)
    {
        _revision = revision;
        _newest = stored.GroupBy(row => (row.Kind, row.Name)).ToDictionary(group => group.Key, group => group.MaxBy(row => row.Version)!);
    }

    /// <param name="revision">The revision that the change would make.</param>
    public static (IReadOnlyList<PlannedChange> Plan, IReadOnlyList<DefinitionRow> Added) Plan(DefinitionSet set, IReadOnlyCollection<DefinitionRow> stored, long revision)
    {
        var planner = new ApplyPlanner(stored, revision);
        foreach (var entity in set.Entities)
        {
            planner.Add(DefinitionKind.Entity, entity.Name, entity, DefinitionsJson.Default.EntityDefinition);
        }

        foreach (var source in set.Sources)
        {
            planner.Add(DefinitionKind.Source, source.Name, source, DefinitionsJson.Default.SourceDefinition);
        }

        foreach (var view in set.FeatureViews)
        {
            planner.Add(DefinitionKind.FeatureView, view.Name, view, DefinitionsJson.Default.FeatureViewDefinition);
        }

        var catalog = CatalogBuilder.Build(revision, [.. stored, .. planner._added]);
        foreach (var service in set.FeatureServices)
        {
            planner.Add(DefinitionKind.FeatureService, service.Name, Resolve(catalog, service), DefinitionsJson.Default.StoredFeatureService);
        }

        return (planner._plan, planner._added);
    }

    private static StoredFeatureService Resolve(Catalog catalog, FeatureServiceDefinition service)
    {
        var features = new List<ServiceFeatureAnswer>();
        var keys = new List<Field>();
        foreach (var projection in service.Features)
        {
            var view = catalog.Views[projection.View];
            foreach (var name in projection.Features ?? [.. view.Features.Select(feature => feature.Name)])
            {
                var datatype = view.Features[view.IndexOf(name)].Datatype.Name();
                features.Add(new ServiceFeatureAnswer(view.Name, name, projection.Rename?.GetValueOrDefault(name) ?? name, datatype));
            }

            keys.AddRange(view.JoinKeys);
        }

        return new StoredFeatureService(service, features, [.. keys.Distinct().Select(key => new FieldDefinition { Name = key.Name, Datatype = key.Datatype.Name() })]);
    }

    private void Add<T>(string kind, string name, T definition, JsonTypeInfo<T> type)
    {
        var json = JsonSerializer.Serialize(definition, type);
        var before = _newest.GetValueOrDefault((kind, name));
        if (before?.Json == json)
        {
            _plan.Add(new PlannedChange(kind, name, before.Version, PlannedChange.Unchanged, []));
            return;
        }

        var version = (before?.Version ?? 0) + 1;
        _added.Add(new DefinitionRow { Kind = kind, Name = name, Version = version, Json = json, Revision = _revision });
        _plan.Add(before is null
            ? new PlannedChange(kind, name, version, PlannedChange.Created, [])
            : new PlannedChange(kind, name, version, PlannedChange.Updated, JsonDifference.Describe(before.Json, json)));
    }
}
