using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.OnDemand;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>One stored feature of a historical read.</summary>
/// <param name="Name">Its column in the join's result; with <c>__</c> in front where only computed features need it.</param>
public sealed record HistoricalFeature(FeatureView View, string Feature, string Name)
{
    public Datatype Datatype => View.Features[View.IndexOf(Feature)].Datatype;
}

/// <summary>Features of one on-demand view that are computed from the join's result.</summary>
/// <param name="Inputs">For each of the program's inputs its column in the join's result.</param>
/// <param name="Outputs">Position among the program's features → column in the answer.</param>
public sealed record HistoricalComputation(OnDemandProgram Program, IReadOnlyList<string> Inputs, IReadOnlyList<(int Feature, string Name)> Outputs);

/// <summary>A historical read, checked against the catalog.</summary>
public sealed class HistoricalRequest
{
    /// <summary>What the join has to find: wanted features, and those that wanted computed ones need.</summary>
    public required IReadOnlyList<HistoricalFeature> Features { get; init; }

    public IReadOnlyList<HistoricalComputation> Computations { get; init; } = [];

    /// <summary>Names of the wanted features, stored and computed, in the order of the answer.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }

    /// <summary>The entity rows' column with the label time.</summary>
    public required string EventTimestampColumn { get; init; }

    /// <summary>Views in the order of their first feature.</summary>
    public IReadOnlyList<FeatureView> Views => [.. Features.Select(feature => feature.View).Distinct()];

    /// <summary>Join keys of all views, each once.</summary>
    public IReadOnlyList<Field> JoinKeys => [.. Views.SelectMany(view => view.JoinKeys).Distinct()];

    /// <summary>Columns of the entity rows that computed features need; they may be null.</summary>
    public IReadOnlyList<Field> RequestColumns =>
        [.. Computations.SelectMany(computation => computation.Program.Inputs).Where(input => input.IsRequest).Select(input => input.Field).Distinct()];

    public bool IsKeyOrTime(string column) => column == EventTimestampColumn || JoinKeys.Any(key => key.Name == column);
}

/// <summary>A historical read was refused.</summary>
public sealed class HistoricalRefusedException(int status, IReadOnlyDictionary<string, string[]> errors) : Exception("The historical read is not valid.")
{
    public HistoricalRefusedException(int status, string place, params string[] messages) : this(status, new Dictionary<string, string[]>(StringComparer.Ordinal) { [place] = messages })
    {
    }

    public int Status => status;

    /// <summary>Place in the request → what is wrong.</summary>
    public IReadOnlyDictionary<string, string[]> Errors => errors;
}

/// <summary>Which features a caller wants.</summary>
/// <param name="Version">Of the service; null is the newest.</param>
/// <param name="Features"><c>view:feature</c>; instead of a service.</param>
/// <param name="EventTimestampColumn">The entity rows' column with the label time.</param>
/// <param name="FullNames">Columns of the answer are named <c>view__feature</c>.</param>
public sealed record FeatureSelection(string? Service, int? Version, IReadOnlyList<string>? Features, string EventTimestampColumn, bool FullNames);
