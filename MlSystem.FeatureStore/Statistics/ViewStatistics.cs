using System.Text.Json.Serialization;
using MlSystem.Contracts;
using MlSystem.FeatureStore.Quality;

namespace MlSystem.FeatureStore.Statistics;

/// <summary>Which rows of a view, and how finely.</summary>
/// <param name="FromUs">Event time, inclusive, microseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="ToUs">Event time, exclusive.</param>
/// <param name="Bins">Of a histogram.</param>
/// <param name="Top">Categories told.</param>
public sealed record StatisticsRequest(long? FromUs, long? ToUs, int Bins, int Top);

/// <summary>What a view's offline rows of a window of event time are like. A row of an entity and event time counts once.</summary>
/// <param name="From">Inclusive; absent: open.</param>
/// <param name="To">Exclusive; absent: open.</param>
/// <param name="Baseline">The same as a reference for drift: features whose distribution is known whole.</param>
public sealed record ViewStatistics(
    string FeatureView, int Version, DateTimeOffset? From, DateTimeOffset? To, long Rows, long Entities, DateTimeOffset? MinEventTime, DateTimeOffset? MaxEventTime,
    IReadOnlyList<FeatureSummary> Features, IReadOnlyList<RuleResult> Rules, Baseline Baseline);

/// <summary>One feature. What has no meaning for its datatype is absent; of a sensitive feature only the counts are there.</summary>
public sealed record FeatureSummary
{
    public required string Name { get; init; }

    public required string Datatype { get; init; }

    /// <summary>Rows with a value.</summary>
    public required long Count { get; init; }

    public required long Nulls { get; init; }

    /// <summary>0 to 1.</summary>
    public required double NullShare { get; init; }

    public bool? Sensitive { get; init; }

    /// <summary>How many different values; where there are many, estimated by HyperLogLog.</summary>
    public long? Distinct { get; init; }

    /// <summary>Of numbers in their own unit, of TIMESTAMP in microseconds since 1970-01-01T00:00:00Z, as all below.</summary>
    public double? Min { get; init; }

    public double? Max { get; init; }

    public double? Mean { get; init; }

    /// <summary>Of the population.</summary>
    public double? StandardDeviation { get; init; }

    /// <summary>Quantile → value, interpolated.</summary>
    public IReadOnlyDictionary<string, double>? Quantiles { get; init; }

    public Histogram? Histogram { get; init; }

    /// <summary>The most frequent categories.</summary>
    public IReadOnlyList<Category>? Top { get; init; }

    /// <summary>Rows of all other categories.</summary>
    public long? Other { get; init; }

    public ListLengths? Lengths { get; init; }

    [JsonIgnore]
    public NumericBaseline? Numeric { get; init; }

    [JsonIgnore]
    public CategoricalBaseline? Categorical { get; init; }
}

/// <summary>Bins <c>[e0, e1), [e1, e2) … [eK-1, eK]</c> with about the same number of rows each, as far as the values allow.</summary>
public sealed record Histogram(IReadOnlyList<double> Edges, IReadOnlyList<long> Counts);

public sealed record Category(string Value, long Count);

/// <summary>How many elements lists have.</summary>
public sealed record ListLengths(long Min, long Max, double Mean);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ViewStatistics))]
internal sealed partial class ViewStatisticsJson : JsonSerializerContext;
