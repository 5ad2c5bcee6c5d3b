using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>One checked row of one view.</summary>
public sealed class FeatureRow
{
    public required FeatureView View { get; init; }

    /// <summary>One for each of the view's join keys; never missing.</summary>
    public required FeatureValue[] Keys { get; init; }

    /// <summary>Microseconds since 1970-01-01T00:00:00Z.</summary>
    public required long EventUs { get; init; }

    /// <summary>Microseconds since 1970-01-01T00:00:00Z.</summary>
    public required long CreatedUs { get; init; }

    /// <summary>One for each of the view's features.</summary>
    public required FeatureValue[] Values { get; init; }

    /// <summary>Whether the row goes to the online store.</summary>
    public bool Online { get; init; }

    /// <summary>Whether the row takes part in historical joins.</summary>
    public bool Offline { get; init; }
}
