using System.Text.Json;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Online.Packing;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>Kinds of definition, as stored and as shown in a plan.</summary>
public static class DefinitionKind
{
    public const string Entity = "entity";
    public const string Source = "source";
    public const string FeatureView = "feature_view";
    public const string FeatureService = "feature_service";
}

/// <summary>Makes a catalog of stored definitions.</summary>
public static class CatalogBuilder
{
    /// <param name="rows">Every version of every definition, in any order.</param>
    public static Catalog Build(long revision, IReadOnlyCollection<DefinitionRow> rows)
    {
        var byKind = rows.ToLookup(row => row.Kind, StringComparer.Ordinal);
        var entities = Newest(byKind[DefinitionKind.Entity])
            .Select(row => (row.Version, Definition: Read(row, DefinitionsJson.Default.EntityDefinition)))
            .Select(entity => new Entity(entity.Definition.Name, entity.Version, entity.Definition, [.. entity.Definition.JoinKeys.Select(ToField)]))
            .ToDictionary(entity => entity.Name, StringComparer.Ordinal);
        var sources = Newest(byKind[DefinitionKind.Source])
            .Select(row => new Source(row.Name, row.Version, Read(row, DefinitionsJson.Default.SourceDefinition)));
        var views = byKind[DefinitionKind.FeatureView].GroupBy(row => row.Name, StringComparer.Ordinal).Select(versions => BuildView([.. versions], entities));
        var services = byKind[DefinitionKind.FeatureService].Select(BuildService);
        return new Catalog(revision, entities.Values, sources, views, services);
    }

    public static Field ToField(FieldDefinition field) =>
        new(field.Name, Datatypes.TryParse(field.Datatype, out var datatype) ? datatype : throw new InvalidOperationException($"Stored datatype '{field.Datatype}' is unknown."));

    private static IEnumerable<DefinitionRow> Newest(IEnumerable<DefinitionRow> rows) =>
        rows.GroupBy(row => row.Name, StringComparer.Ordinal).Select(versions => versions.MaxBy(row => row.Version)!);

    private static FeatureView BuildView(IReadOnlyList<DefinitionRow> versions, Dictionary<string, Entity> entities)
    {
        var definitions = versions.ToDictionary(row => row.Version, row => Read(row, DefinitionsJson.Default.FeatureViewDefinition));
        var newest = definitions.Keys.Max();
        var layouts = definitions.ToDictionary(pair => pair.Key, pair => new PackedLayout(pair.Key, [.. pair.Value.Features.Select(ToField)]));
        return new FeatureView(definitions[newest], newest, [.. definitions[newest].Entities.SelectMany(entity => entities[entity].JoinKeys)], layouts);
    }

    private static FeatureService BuildService(DefinitionRow row)
    {
        var stored = Read(row, DefinitionsJson.Default.StoredFeatureService);
        var features = stored.Features.Select(feature => new ServiceFeature(
            feature.View, feature.Feature, feature.Name, ToField(new FieldDefinition { Name = feature.Name, Datatype = feature.Datatype }).Datatype));
        return new FeatureService(row.Name, row.Version, stored.Definition, [.. features], [.. stored.JoinKeys.Select(ToField)]);
    }

    private static T Read<T>(DefinitionRow row, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(row.Json, type) ?? throw new InvalidOperationException($"Stored definition {row.Kind} '{row.Name}' is empty.");
}
