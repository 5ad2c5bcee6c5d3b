namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>Something that has features, as it will be after the apply.</summary>
/// <param name="Kind">One of <see cref="DefinitionKind"/>.</param>
/// <param name="Path">Where it stands in the request; null: it is in force already and stays.</param>
/// <param name="Features">Those whose datatypes are known.</param>
public sealed record ViewShape(string Kind, string Name, string? Path, IReadOnlyList<Field> Features);

/// <summary>What will be in force after an apply: the stored definitions, with the request's over them and without the deleted ones.</summary>
public sealed class DefinitionScope
{
    private readonly List<DefinitionError> _errors = [];

    public DefinitionScope(Catalog catalog, DefinitionSet set)
    {
        (Catalog, Set) = (catalog, set);
        Entities = Merge(catalog.Entities.Values.Select(entity => entity.Definition), set.Entities, set.Delete.Entities);
        Sources = Merge(catalog.Sources.Values.Select(source => source.Definition), set.Sources, set.Delete.Sources);
        FeatureViews = Merge(catalog.Views.Values.Where(view => view.Stream is null).Select(view => view.Definition), set.FeatureViews, set.Delete.FeatureViews);
        StreamViews = Merge(catalog.StreamViews.Values.Select(view => view.Definition), set.StreamFeatureViews, set.Delete.StreamFeatureViews);
        OnDemandViews = Merge(catalog.OnDemandViews.Values.Select(view => view[^1].Definition), set.OnDemandFeatureViews, set.Delete.OnDemandFeatureViews);
        Services = Merge(catalog.Services.Values.Select(versions => versions[^1].Definition), set.FeatureServices, set.Delete.FeatureServices);
        Views = Shapes();
    }

    /// <summary>What is in force now.</summary>
    public Catalog Catalog { get; }

    public DefinitionSet Set { get; }

    public IReadOnlyList<DefinitionError> Errors => _errors;

    public Dictionary<string, EntityDefinition> Entities { get; }

    public Dictionary<string, SourceDefinition> Sources { get; }

    public Dictionary<string, FeatureViewDefinition> FeatureViews { get; }

    public Dictionary<string, StreamFeatureViewDefinition> StreamViews { get; }

    public Dictionary<string, OnDemandFeatureViewDefinition> OnDemandViews { get; }

    public Dictionary<string, FeatureServiceDefinition> Services { get; }

    /// <summary>Feature views, stream feature views and on-demand feature views by name.</summary>
    public Dictionary<string, ViewShape> Views { get; }

    public void Error(string path, string message) => _errors.Add(new DefinitionError(path, message));

    /// <summary>The columns of a source that can be read as fields.</summary>
    public static IReadOnlyList<Field> Fields(IEnumerable<SourceColumnDefinition>? columns) =>
        Fields((columns ?? []).Select(column => (column.Name, column.Datatype)));

    public static IReadOnlyList<Field> Fields(IEnumerable<(string Name, string Datatype)> columns) =>
        [.. columns.Select(column => Datatypes.TryParse(column.Datatype, out var datatype) ? new Field(column.Name, datatype) : null).OfType<Field>()];

    private static Dictionary<string, T> Merge<T>(IEnumerable<T> stored, IReadOnlyList<T> added, IReadOnlyList<string> deleted)
        where T : INamedDefinition
    {
        var merged = stored.Where(definition => !deleted.Contains(definition.Name, StringComparer.Ordinal)).ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        foreach (var definition in added)
        {
            merged[definition.Name] = definition;
        }

        return merged;
    }

    private Dictionary<string, ViewShape> Shapes()
    {
        var shapes = new Dictionary<string, ViewShape>(StringComparer.Ordinal);
        foreach (var view in FeatureViews.Values)
        {
            shapes[view.Name] = new ViewShape(
                DefinitionKind.FeatureView, view.Name, PathOf("feature_views", Set.FeatureViews, view), Fields(view.Features.Select(feature => (feature.Name, feature.Datatype))));
        }

        foreach (var view in StreamViews.Values)
        {
            var columns = Sources.TryGetValue(view.Source, out var source) ? Fields(source.Columns) : [];
            shapes[view.Name] = new ViewShape(
                DefinitionKind.StreamFeatureView, view.Name, PathOf("stream_feature_views", Set.StreamFeatureViews, view),
                [.. StreamFeatures.Of(view, columns).Select(feature => new Field(feature.Name, feature.Datatype))]);
        }

        foreach (var view in OnDemandViews.Values)
        {
            shapes[view.Name] = new ViewShape(
                DefinitionKind.OnDemandFeatureView, view.Name, PathOf("on_demand_feature_views", Set.OnDemandFeatureViews, view),
                Fields(view.Features.Select(feature => (feature.Name, feature.Datatype))));
        }

        return shapes;
    }

    private static string? PathOf<T>(string section, IReadOnlyList<T> definitions, T definition)
        where T : class
    {
        for (var i = 0; i < definitions.Count; i++)
        {
            if (ReferenceEquals(definitions[i], definition))
            {
                return $"{section}[{i}]";
            }
        }

        return null;
    }
}
