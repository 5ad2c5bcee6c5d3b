using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Erasure;

/// <summary>A view that has rows of an entity.</summary>
/// <param name="View">Also one that was deleted: its rows are still stored.</param>
/// <param name="Parts">Position of each of the entity's join keys in the view → its value.</param>
public sealed record ErasedViews(FeatureView View, IReadOnlyDictionary<int, FeatureValue> Parts)
{
    /// <param name="key">Values of the entity's join keys as text.</param>
    public static IReadOnlyList<ErasedViews> Of(Catalog known, string entity, IReadOnlyList<string> key) =>
        [.. known.Views.Values.Concat(known.RetiredViews.Values).Where(view => view.Definition.Entities.Contains(entity)).OrderBy(view => view.Name, StringComparer.Ordinal)
            .Select(view => new ErasedViews(view, PartsOf(known, view, entity, key)))];

    private static Dictionary<int, FeatureValue> PartsOf(Catalog known, FeatureView view, string entity, IReadOnlyList<string> key)
    {
        var first = view.Definition.Entities.TakeWhile(name => name != entity).Sum(name => EntityOf(known, name).JoinKeys.Count);
        return key.Index().ToDictionary(part => first + part.Index, part => ValueReader.FromText(view.JoinKeys[first + part.Index].Datatype, part.Item, out var value) is null
            ? value : throw new InvalidOperationException("A stored key has another datatype."));
    }

    internal static Entity EntityOf(Catalog known, string name) => known.Entities.GetValueOrDefault(name) ?? known.RetiredEntities[name];
}
