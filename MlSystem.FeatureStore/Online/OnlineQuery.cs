using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Online;

/// <summary>One wanted feature.</summary>
/// <param name="Name">Its name in the answer.</param>
/// <param name="ViewOrdinal">Position of its view in <see cref="OnlineQuery.Views"/>; -1 where it is computed.</param>
/// <param name="Feature">Position in the view's newest version, or among the computation's features.</param>
/// <param name="Computation">Position in <see cref="OnlineQuery.Computations"/>; -1 where it is stored.</param>
public readonly record struct OnlineColumn(string Name, int ViewOrdinal, int Feature, int Computation = -1)
{
    public bool IsComputed => Computation >= 0;
}

/// <summary>Features of an on-demand view that are computed from what was read.</summary>
/// <param name="Inputs">For each of the program's inputs its stored column; of a request column only the name counts.</param>
public sealed record OnlineComputation(OnDemandView View, IReadOnlyList<OnlineColumn> Inputs);

/// <summary>A checked online read, the same for REST and gRPC.</summary>
public sealed class OnlineQuery
{
    public required IReadOnlyList<FeatureView> Views { get; init; }

    public required IReadOnlyList<OnlineColumn> Columns { get; init; }

    public IReadOnlyList<OnlineComputation> Computations { get; init; } = [];

    /// <summary>Join key → one value an entity row.</summary>
    public required IReadOnlyDictionary<string, FeatureValue[]> Keys { get; init; }

    /// <summary>Request column → one value an entity row.</summary>
    public IReadOnlyDictionary<string, FeatureValue[]> RequestColumns { get; init; } = new Dictionary<string, FeatureValue[]>(StringComparer.Ordinal);

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
