namespace MlSystem.FeatureStore.Definitions;

/// <summary>Aggregates over windows of event time of the rows of a topic, by entity. Its features follow from its aggregations: <see cref="StreamFeatures"/>.</summary>
public sealed record StreamFeatureViewDefinition : INamedDefinition
{
    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public string? Owner { get; set; }

    public IReadOnlyDictionary<string, string>? Tags { get; set; }

    public IReadOnlyList<string> Entities { get; set; } = [];

    /// <summary>Name of a source of kind <c>topic</c>; its columns have the join keys, the event time and what is aggregated.</summary>
    public string Source { get; set; } = "";

    /// <summary>The source's column with the time of the event: a TIMESTAMP.</summary>
    public string EventTimestampColumn { get; set; } = "event_timestamp";

    public IReadOnlyList<AggregationDefinition> Aggregations { get; set; } = [];

    /// <summary>How far the watermark stays behind the greatest event time seen, in seconds: how much disorder is expected. 0 to 604,800 (7 days).</summary>
    public double WatermarkDelaySeconds { get; set; } = 10;

    /// <summary>How long after the watermark has passed a window's end an event still changes it, in seconds; later ones are counted and left out. 0 to 2,592,000 (30 days).</summary>
    public double AllowedLatenessSeconds { get; set; } = 60;

    /// <summary>
    /// False: the events of an entity have the entity as their key in the topic, as rows of feature views have; another event is left out and counted.
    /// True: events of any key; they go through a topic of the view's own first.
    /// </summary>
    public bool Repartition { get; set; }

    /// <summary>How long a value is valid after its event time; absent or 0: for ever.</summary>
    public long TtlSeconds { get; set; }

    /// <summary>What an online read gives for a value older than its time to live; absent: the value itself.</summary>
    public ExpiredDefinition? Expired { get; set; }

    public bool Online { get; set; } = true;

    public bool Offline { get; set; } = true;

    /// <summary>As in <see cref="FeatureViewDefinition.SensitiveColumns"/>; also columns of the source.</summary>
    public IReadOnlyList<string>? SensitiveColumns { get; set; }
}

/// <summary>One aggregate over one or several windows: one feature a window.</summary>
public sealed record AggregationDefinition
{
    /// <summary>Prefix of the features' names; absent: <c>{column}_{function}</c>, or <c>count</c> where there is no column.</summary>
    public string? Name { get; set; }

    /// <summary>A column of the source; absent only for <c>count</c>, which then counts events instead of values.</summary>
    public string? Column { get; set; }

    /// <summary>One of <see cref="AggregationFunction"/>.</summary>
    public string Function { get; set; } = "";

    /// <summary><c>quantile</c>: which one, between 0 and 1 (0.5 is the median).</summary>
    public double? Quantile { get; set; }

    public IReadOnlyList<WindowDefinition> Windows { get; set; } = [];
}

/// <summary>Functions of an aggregation. Nulls take no part in any; over no values all but count, sum and distinct are null.</summary>
public static class AggregationFunction
{
    public const string Count = "count";
    public const string Sum = "sum";
    public const string Mean = "mean";
    public const string Min = "min";
    public const string Max = "max";

    /// <summary>The value with the latest event time.</summary>
    public const string Last = "last";

    /// <summary>How many different values, estimated by HyperLogLog.</summary>
    public const string Distinct = "distinct";

    /// <summary>Estimated by a mergeable sketch.</summary>
    public const string Quantile = "quantile";

    public static IReadOnlyList<string> All { get; } = [Count, Sum, Mean, Min, Max, Last, Distinct, Quantile];
}

/// <summary>A window of event time.</summary>
public sealed record WindowDefinition
{
    /// <summary>One of <see cref="WindowType"/>; absent: sliding.</summary>
    public string Type { get; set; } = WindowType.Sliding;

    /// <summary>Length in seconds, 1 to 31,622,400 (366 days).</summary>
    public long SizeSeconds { get; set; }

    /// <summary><c>hopping</c>: distance of the windows' starts in seconds, a divisor of the size.</summary>
    public long? HopSeconds { get; set; }

    /// <summary>Suffix of the feature's name; absent: the size in its greatest unit, <c>30s 5m 1h 1d</c>, with the type in front where it is not sliding (<c>hopping_1h</c>).</summary>
    public string? Name { get; set; }
}

/// <summary>Types of window.</summary>
public static class WindowType
{
    /// <summary>Back to back, aligned to 1970-01-01T00:00:00Z; a value is that of the last complete window.</summary>
    public const string Tumbling = "tumbling";

    /// <summary>Overlapping windows aligned to 1970-01-01T00:00:00Z; a value is that of the last complete window.</summary>
    public const string Hopping = "hopping";

    /// <summary>From size before a moment (exclusive) up to it (inclusive).</summary>
    public const string Sliding = "sliding";

    public static IReadOnlyList<string> All { get; } = [Tumbling, Hopping, Sliding];
}
