using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Offline;

/// <summary>A row with its place in the event log.</summary>
/// <param name="LoggedUs">When the event log took it, in microseconds since 1970-01-01T00:00:00Z.</param>
public readonly record struct OfflineRow(FeatureRow Row, int Partition, long Offset, long LoggedUs);
