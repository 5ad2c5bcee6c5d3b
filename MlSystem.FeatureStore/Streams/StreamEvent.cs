using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Streams;

/// <summary>An event that counts.</summary>
/// <param name="LoggedUs">When the event log took it, in microseconds since 1970-01-01T00:00:00Z; so is <paramref name="EventUs"/>.</param>
/// <param name="Entity">The entity as online keys have it.</param>
/// <param name="Values">By column of the source.</param>
public readonly record struct StreamEvent(long Offset, long LoggedUs, long EventUs, string Entity, FeatureValue[] Values);
