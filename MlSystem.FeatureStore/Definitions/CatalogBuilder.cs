using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.OnDemand;
using MlSystem.FeatureStore.Online.Packing;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>Makes a catalog of stored definitions.</summary>
public sealed class CatalogBuilder
{
    private readonly ILookup<string, IReadOnlyList<DefinitionRow>> _byKind;
    private readonly Dictionary<string, Entity> _entities;

    private CatalogBuilder(IEnumerable<DefinitionRow> rows)
    {
        _byKind = rows.GroupBy(row => (row.Kind, row.Name))
            .ToLookup(versions => versions.Key.Kind, versions => (IReadOnlyList<DefinitionRow>)[.. versions.OrderBy(row => row.Version)], StringComparer.Ordinal);
        _entities = _byKind[DefinitionKind.Entity].Select(versions => BuildEntity(versions.Last(row => !row.IsDeletion))).ToDictionary(entity => entity.Name, StringComparer.Ordinal);
    }

    /// <param name="rows">Every version of every definition, in any order.</param>
    public static Catalog Build(long revision, IEnumerable<DefinitionRow> rows) => new CatalogBuilder(rows).Build(revision);

    public static Field ToField(FieldDefinition field) => ToField(field.Name, field.Datatype);

    private static Field ToField(string name, string datatype) =>
        new(name, Datatypes.TryParse(datatype, out var known) ? known : throw new InvalidOperationException($"Stored datatype '{datatype}' is unknown."));

    private static bool IsLive(IReadOnlyList<DefinitionRow> versions) => !versions[^1].IsDeletion;

    /// <summary>Versions from before a deletion don't come back.</summary>
    private static IEnumerable<DefinitionRow> SinceDeletion(IReadOnlyList<DefinitionRow> versions) =>
        versions.Where(row => row.Version > versions.LastOrDefault(other => other.IsDeletion)?.Version || !versions.Any(other => other.IsDeletion));

    private Catalog Build(long revision)
    {
        var views = _byKind[DefinitionKind.FeatureView].Where(IsLive).Select(BuildView).ToList();
        var streams = _byKind[DefinitionKind.StreamFeatureView].Where(IsLive).Select(BuildStreamView).ToList();
        var live = _byKind[DefinitionKind.Entity].Where(IsLive).Select(versions => versions[0].Name).ToHashSet(StringComparer.Ordinal);
        return new Catalog
        {
            Revision = revision,
            Entities = _entities.Values.Where(entity => live.Contains(entity.Name)).ToFrozenDictionary(entity => entity.Name, StringComparer.Ordinal),
            Sources = _byKind[DefinitionKind.Source].Where(IsLive).Select(versions => versions[^1])
                .Select(row => new Source(row.Name, row.Version, Read(row, DefinitionsJson.Default.SourceDefinition))).ToFrozenDictionary(source => source.Name, StringComparer.Ordinal),
            Views = views.Concat(streams.Select(stream => stream.View)).ToFrozenDictionary(view => view.Name, StringComparer.Ordinal),
            StreamViews = streams.ToFrozenDictionary(view => view.Name, StringComparer.Ordinal),
            OnDemandViews = Versions(DefinitionKind.OnDemandFeatureView, BuildOnDemandView),
            Services = Versions(DefinitionKind.FeatureService, BuildService),
            RetiredEntities = _entities.Values.Where(entity => !live.Contains(entity.Name)).ToFrozenDictionary(entity => entity.Name, StringComparer.Ordinal),
            RetiredViews = RetiredViews(),
        };
    }

    private FrozenDictionary<string, FeatureView> RetiredViews() =>
        _byKind[DefinitionKind.FeatureView].Where(versions => !IsLive(versions)).Select(BuildView)
            .Concat(_byKind[DefinitionKind.StreamFeatureView].Where(versions => !IsLive(versions)).Select(versions => BuildStreamView(versions).View))
            .GroupBy(view => view.Name, StringComparer.Ordinal).ToFrozenDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);

    private FrozenDictionary<string, IReadOnlyList<T>> Versions<T>(string kind, Func<DefinitionRow, T> build) =>
        _byKind[kind].Where(IsLive).ToFrozenDictionary(versions => versions[0].Name, versions => (IReadOnlyList<T>)[.. SinceDeletion(versions).Select(build)], StringComparer.Ordinal);

    private static Entity BuildEntity(DefinitionRow row)
    {
        var definition = Read(row, DefinitionsJson.Default.EntityDefinition);
        return new Entity(row.Name, row.Version, definition, [.. definition.JoinKeys.Select(ToField)]);
    }

    /// <summary>With the layouts of all versions, also those from before a deletion: their rows may still be there.</summary>
    private FeatureView BuildView(IReadOnlyList<DefinitionRow> versions)
    {
        var definitions = versions.Where(row => !row.IsDeletion).ToDictionary(row => row.Version, row => Read(row, DefinitionsJson.Default.FeatureViewDefinition));
        var newest = definitions.Keys.Max();
        return View(definitions[newest], newest, definitions.ToDictionary(pair => pair.Key, pair => pair.Value.Features.Select(ToField)), null);
    }

    private StreamFeatureView BuildStreamView(IReadOnlyList<DefinitionRow> versions)
    {
        var stored = versions.Where(row => !row.IsDeletion).ToDictionary(row => row.Version, row => Read(row, DefinitionsJson.Default.StoredStreamFeatureView));
        var features = stored.ToDictionary(pair => pair.Key, pair => StreamFeatures.Of(pair.Value.Definition, [.. pair.Value.Columns.Select(ToField)]));
        var newest = stored.Keys.Max();
        var definition = stored[newest].Definition;
        var view = View(AsView(definition, features[newest]), newest, features.ToDictionary(pair => pair.Key, pair => pair.Value.Select(feature => new Field(feature.Name, feature.Datatype))), definition);
        return new StreamFeatureView(definition.Name, newest, definition, features[newest], view);
    }

    private FeatureView View(FeatureViewDefinition definition, int newest, Dictionary<int, IEnumerable<Field>> features, StreamFeatureViewDefinition? stream) => new(
        definition, newest, [.. definition.Entities.SelectMany(entity => _entities[entity].JoinKeys)],
        features.ToDictionary(pair => pair.Key, pair => new PackedLayout(pair.Key, [.. pair.Value])), stream);

    private static FeatureViewDefinition AsView(StreamFeatureViewDefinition stream, IReadOnlyList<StreamFeature> features) => new()
    {
        Name = stream.Name,
        Description = stream.Description,
        Owner = stream.Owner,
        Tags = stream.Tags,
        Entities = stream.Entities,
        Features = [.. features.Select(feature => new FieldDefinition { Name = feature.Name, Datatype = feature.Datatype.Name() })],
        Source = stream.Source,
        TtlSeconds = stream.TtlSeconds,
        Expired = stream.Expired,
        EventTimestampColumn = stream.EventTimestampColumn,
        Online = stream.Online,
        Offline = stream.Offline,
        SensitiveColumns = stream.SensitiveColumns,
    };

    private static OnDemandView BuildOnDemandView(DefinitionRow row)
    {
        var stored = Read(row, DefinitionsJson.Default.StoredOnDemandFeatureView);
        var inputs = stored.Inputs.Select(input => new OnDemandInput(input.Source, input.Request == true, ToField(input.Name, input.Datatype)));
        var (program, errors) = OnDemandCompiler.Compile(stored.Definition.Features, [.. inputs]);
        return new OnDemandView(row.Name, row.Version, stored.Definition, program ?? throw new InvalidOperationException($"Stored on-demand feature view '{row.Name}' version {row.Version}: {errors[0].Message}"));
    }

    private static FeatureService BuildService(DefinitionRow row)
    {
        var stored = Read(row, DefinitionsJson.Default.StoredFeatureService);
        var features = stored.Features.Select(feature => new ServiceFeature(feature.View, feature.Feature, feature.Name, ToField(feature.Name, feature.Datatype).Datatype, feature.ViewVersion));
        return new FeatureService(row.Name, row.Version, stored.Definition, [.. features], [.. stored.JoinKeys.Select(ToField)], [.. (stored.RequestColumns ?? []).Select(ToField)]);
    }

    private static T Read<T>(DefinitionRow row, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(row.Json, type) ?? throw new InvalidOperationException($"Stored definition {row.Kind} '{row.Name}' is empty.");
}
