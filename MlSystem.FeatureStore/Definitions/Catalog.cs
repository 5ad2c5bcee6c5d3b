using System.Collections.Frozen;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>All definitions at one revision; immutable, replaced as a whole.</summary>
public sealed class Catalog
{
    public static Catalog Empty { get; } = new();

    /// <summary>Counts applies that changed something.</summary>
    public long Revision { get; init; }

    public FrozenDictionary<string, Entity> Entities { get; init; } = FrozenDictionary<string, Entity>.Empty;

    public FrozenDictionary<string, Source> Sources { get; init; } = FrozenDictionary<string, Source>.Empty;

    /// <summary>All views that have rows: feature views and stream feature views.</summary>
    public FrozenDictionary<string, FeatureView> Views { get; init; } = FrozenDictionary<string, FeatureView>.Empty;

    /// <summary>The stream feature views; each has its rows in the view of its name in <see cref="Views"/>.</summary>
    public FrozenDictionary<string, StreamFeatureView> StreamViews { get; init; } = FrozenDictionary<string, StreamFeatureView>.Empty;

    /// <summary>Every version of every on-demand feature view, ascending: versions of feature services are bound to them.</summary>
    public FrozenDictionary<string, IReadOnlyList<OnDemandView>> OnDemandViews { get; init; } = FrozenDictionary<string, IReadOnlyList<OnDemandView>>.Empty;

    /// <summary>Every version of every service, ascending.</summary>
    public FrozenDictionary<string, IReadOnlyList<FeatureService>> Services { get; init; } = FrozenDictionary<string, IReadOnlyList<FeatureService>>.Empty;

    /// <summary>Deleted entities: rows are still stored by their join keys.</summary>
    public FrozenDictionary<string, Entity> RetiredEntities { get; init; } = FrozenDictionary<string, Entity>.Empty;

    /// <summary>Deleted views: their rows are still stored, in the datatypes that they had.</summary>
    public FrozenDictionary<string, FeatureView> RetiredViews { get; init; } = FrozenDictionary<string, FeatureView>.Empty;

    /// <summary>A version of a service, or the newest one; null when there is none.</summary>
    public FeatureService? Service(string name, int? version) =>
        !Services.TryGetValue(name, out var versions) ? null
        : version is null ? versions[^1]
        : versions.FirstOrDefault(service => service.Version == version);

    /// <summary>A version of an on-demand feature view, or the newest one; null when there is none.</summary>
    public OnDemandView? OnDemandView(string name, int? version) =>
        !OnDemandViews.TryGetValue(name, out var versions) ? null
        : version is null ? versions[^1]
        : versions.FirstOrDefault(view => view.Version == version);
}
