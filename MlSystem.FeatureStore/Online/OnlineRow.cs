using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online.Packing;

namespace MlSystem.FeatureStore.Online;

/// <summary>A row as the online store keeps it.</summary>
/// <param name="Key">Its key (<see cref="OnlineKey"/>), UTF-8.</param>
/// <param name="Value">The packed row (<see cref="PackedLayout"/>).</param>
public readonly record struct OnlineRow(FeatureView View, byte[] Key, byte[] Value)
{
    public long EventUs => PackedRow.EventUsOf(Value);

    public static OnlineRow Of(FeatureRow row) => new(row.View, OnlineKey.BytesOf(row.View, row.Keys), RowPacker.Pack(row));
}
