using System.Collections.Frozen;
using MlSystem.FeatureStore.OnDemand;
using MlSystem.FeatureStore.Online.Packing;
using MlSystem.FeatureStore.Quality;

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
    private readonly FrozenSet<string> _sensitive;

    public FeatureView(FeatureViewDefinition definition, int version, IReadOnlyList<Field> joinKeys, IReadOnlyDictionary<int, PackedLayout> layouts, StreamFeatureViewDefinition? stream = null)
    {
        Definition = definition;
        Version = version;
        JoinKeys = joinKeys;
        Stream = stream;
        _layouts = layouts.ToFrozenDictionary();
        Layout = _layouts[version];
        Features = Layout.Features;
        _featureIndex = Features.Select((field, index) => (field.Name, index)).ToFrozenDictionary(pair => pair.Name, pair => pair.index, StringComparer.Ordinal);
        Rules = RowRules.Of(definition, Features);
        _sensitive = (definition.SensitiveColumns ?? []).ToFrozenSet(StringComparer.Ordinal);
        Ttl = definition.TtlSeconds == 0 ? null : TimeSpan.FromSeconds(definition.TtlSeconds);
        Expiry = new Expiry(definition, Features);
    }

    /// <summary>Of a stream feature view: what its definition comes to.</summary>
    public FeatureViewDefinition Definition { get; }

    /// <summary>Not null: the rows are computed from a stream.</summary>
    public StreamFeatureViewDefinition? Stream { get; }

    public string Name => Definition.Name;

    public int Version { get; }

    /// <summary>Join keys of all entities, in their order, which is also the order inside an online key.</summary>
    public IReadOnlyList<Field> JoinKeys { get; }

    public IReadOnlyList<Field> Features { get; }

    /// <summary>What each row is asked when it comes in; null: nothing.</summary>
    public RowRules? Rules { get; }

    /// <summary>Null: values never expire.</summary>
    public TimeSpan? Ttl { get; }

    /// <summary>What online reads make of expired values.</summary>
    public Expiry Expiry { get; }

    /// <summary>How the newest version packs a row.</summary>
    public PackedLayout Layout { get; }

    /// <summary>How a version packed its rows; null when this catalog does not know it yet.</summary>
    public PackedLayout? LayoutOf(int version) => _layouts.GetValueOrDefault(version);

    /// <summary>The layouts of all versions.</summary>
    public IEnumerable<PackedLayout> Layouts => _layouts.Values;

    /// <summary>Position of a feature in <see cref="Features"/>, or -1.</summary>
    public int IndexOf(string feature) => _featureIndex.TryGetValue(feature, out var index) ? index : -1;

    /// <summary>Whether values of a column must not appear in logs and statistics.</summary>
    public bool IsSensitive(string column) => _sensitive.Contains(column);
}

/// <summary>A stream feature view in force.</summary>
/// <param name="Features">In the order of <see cref="FeatureView.Features"/> of <paramref name="View"/>.</param>
/// <param name="View">Where its rows are stored and read like those of any other view.</param>
public sealed record StreamFeatureView(string Name, int Version, StreamFeatureViewDefinition Definition, IReadOnlyList<StreamFeature> Features, FeatureView View);

/// <summary>One version of an on-demand feature view.</summary>
public sealed record OnDemandView(string Name, int Version, OnDemandFeatureViewDefinition Definition, OnDemandProgram Program)
{
    /// <summary>Position of a feature, or -1.</summary>
    public int IndexOf(string feature)
    {
        for (var i = 0; i < Program.Features.Count; i++)
        {
            if (Program.Features[i].Name == feature)
            {
                return i;
            }
        }

        return -1;
    }
}

/// <summary>One feature of a service.</summary>
/// <param name="Name">The name that models know it by.</param>
/// <param name="OnDemandVersion">Of an on-demand feature view: the version whose expression computes it.</param>
public sealed record ServiceFeature(string View, string Feature, string Name, Datatype Datatype, int? OnDemandVersion = null);

/// <summary>One immutable version of a feature service.</summary>
/// <param name="JoinKeys">Of all views that it reads, each once.</param>
/// <param name="RequestColumns">Columns that a read must bring along, for on-demand feature views.</param>
public sealed record FeatureService(
    string Name, int Version, FeatureServiceDefinition Definition, IReadOnlyList<ServiceFeature> Features, IReadOnlyList<Field> JoinKeys, IReadOnlyList<Field> RequestColumns);
