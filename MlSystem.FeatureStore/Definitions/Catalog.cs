using System.Collections.Frozen;
using MlSystem.FeatureStore.Online.Packing;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>A typed column of a view or entity.</summary>
public sealed record Field(string Name, Datatype Datatype);

/// <summary>An entity in force.</summary>
public sealed record Entity(string Name, int Version, EntityDefinition Definition, IReadOnlyList<Field> JoinKeys);

/// <summary>A source in force.</summary>
public sealed record Source(string Name, int Version, SourceDefinition Definition);

/// <summary>A feature view in force, ready to read and write rows.</summary>
public sealed class FeatureView
{
    private readonly FrozenDictionary<int, PackedLayout> _layouts;
    private readonly FrozenDictionary<string, int> _featureIndex;

    public FeatureView(FeatureViewDefinition definition, int version, IReadOnlyList<Field> joinKeys, IReadOnlyDictionary<int, PackedLayout> layouts)
    {
        Definition = definition;
        Version = version;
        JoinKeys = joinKeys;
        _layouts = layouts.ToFrozenDictionary();
        Layout = _layouts[version];
        Features = Layout.Features;
        _featureIndex = Features.Select((field, index) => (field.Name, index)).ToFrozenDictionary(pair => pair.Name, pair => pair.index, StringComparer.Ordinal);
        Ttl = definition.TtlSeconds == 0 ? null : TimeSpan.FromSeconds(definition.TtlSeconds);
    }

    public FeatureViewDefinition Definition { get; }

    public string Name => Definition.Name;

    public int Version { get; }

    /// <summary>Join keys of all entities, in their order, which is also the order inside an online key.</summary>
    public IReadOnlyList<Field> JoinKeys { get; }

    public IReadOnlyList<Field> Features { get; }

    /// <summary>Null: values never expire.</summary>
    public TimeSpan? Ttl { get; }

    /// <summary>How the newest version packs a row.</summary>
    public PackedLayout Layout { get; }

    /// <summary>How a version packed its rows; null when this catalog does not know it yet.</summary>
    public PackedLayout? LayoutOf(int version) => _layouts.GetValueOrDefault(version);

    /// <summary>The layouts of all versions.</summary>
    public IEnumerable<PackedLayout> Layouts => _layouts.Values;

    /// <summary>Position of a feature in <see cref="Features"/>, or -1.</summary>
    public int IndexOf(string feature) => _featureIndex.TryGetValue(feature, out var index) ? index : -1;
}

/// <summary>One feature of a service.</summary>
/// <param name="Name">The name that models know it by.</param>
public sealed record ServiceFeature(string View, string Feature, string Name, Datatype Datatype);

/// <summary>One immutable version of a feature service.</summary>
public sealed record FeatureService(string Name, int Version, FeatureServiceDefinition Definition, IReadOnlyList<ServiceFeature> Features, IReadOnlyList<Field> JoinKeys);

/// <summary>All definitions at one revision; immutable, replaced as a whole.</summary>
public sealed class Catalog
{
    public static Catalog Empty { get; } = new(0, [], [], [], []);

    public Catalog(long revision, IEnumerable<Entity> entities, IEnumerable<Source> sources, IEnumerable<FeatureView> views, IEnumerable<FeatureService> services)
    {
        Revision = revision;
        Entities = entities.ToFrozenDictionary(entity => entity.Name, StringComparer.Ordinal);
        Sources = sources.ToFrozenDictionary(source => source.Name, StringComparer.Ordinal);
        Views = views.ToFrozenDictionary(view => view.Name, StringComparer.Ordinal);
        Services = services.GroupBy(service => service.Name, StringComparer.Ordinal).ToFrozenDictionary(
            group => group.Key,
            group => (IReadOnlyList<FeatureService>)[.. group.OrderBy(service => service.Version)],
            StringComparer.Ordinal);
    }

    /// <summary>Counts applies that changed something.</summary>
    public long Revision { get; }

    public FrozenDictionary<string, Entity> Entities { get; }

    public FrozenDictionary<string, Source> Sources { get; }

    public FrozenDictionary<string, FeatureView> Views { get; }

    /// <summary>Every version of every service, ascending.</summary>
    public FrozenDictionary<string, IReadOnlyList<FeatureService>> Services { get; }

    /// <summary>A version of a service, or the newest one; null when there is none.</summary>
    public FeatureService? Service(string name, int? version) =>
        !Services.TryGetValue(name, out var versions) ? null
        : version is null ? versions[^1]
        : versions.FirstOrDefault(service => service.Version == version);
}
