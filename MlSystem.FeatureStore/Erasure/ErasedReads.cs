using MlSystem.FeatureStore.Consistency;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Erasure;

/// <summary>Tells which lines of the read log are of an erased entity: those that served a row from before its erasure, or were read before it.</summary>
public sealed class ErasedReads(CatalogStore catalog, Tombstones tombstones)
{
    public bool IsErased(LoggedRead read) =>
        (catalog.Current.Views.GetValueOrDefault(read.View) ?? catalog.Current.RetiredViews.GetValueOrDefault(read.View)) is { } view
        && read.Keys.Count == view.JoinKeys.Count && tombstones.IsErased(view, index => HashOf(view, read.Keys, index), read.EventUs ?? read.ReadUs);

    /// <summary>Sensitive keys stand hashed in the log.</summary>
    private string HashOf(FeatureView view, IReadOnlyList<string> keys, int index) => view.IsSensitive(view.JoinKeys[index].Name) ? keys[index] : tombstones.Hash(keys[index]);
}
