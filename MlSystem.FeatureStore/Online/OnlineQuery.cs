using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Online;

/// <summary>One wanted feature.</summary>
/// <param name="Name">Its name in the answer.</param>
/// <param name="ViewOrdinal">Position of its view in <see cref="OnlineQuery.Views"/>.</param>
/// <param name="Feature">Position in the view's newest version.</param>
public readonly record struct OnlineColumn(string Name, int ViewOrdinal, int Feature);

/// <summary>A checked online read, the same for REST and gRPC.</summary>
public sealed class OnlineQuery
{
    public required IReadOnlyList<FeatureView> Views { get; init; }

    public required IReadOnlyList<OnlineColumn> Columns { get; init; }

    /// <summary>Join key → one value an entity row.</summary>
    public required IReadOnlyDictionary<string, FeatureValue[]> Keys { get; init; }

    public required int Rows { get; init; }
}

/// <summary>Feast's field statuses, with Feast's numbers.</summary>
public enum OnlineStatus
{
    Present = 1,
    NullValue = 2,
    NotFound = 3,
    OutsideMaxAge = 4,
}
