namespace MlSystem.FeatureStore.Definitions;

/// <summary>A set of features of the same entities that come from the same source with the same event time.</summary>
public sealed record FeatureViewDefinition : INamedDefinition
{
    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public string? Owner { get; set; }

    public IReadOnlyDictionary<string, string>? Tags { get; set; }

    public IReadOnlyList<string> Entities { get; set; } = [];

    public IReadOnlyList<FieldDefinition> Features { get; set; } = [];

    /// <summary>Name of a source; null when rows come by CSV or from the event log only.</summary>
    public string? Source { get; set; }

    /// <summary>How long a value is valid after its event time; absent or 0: for ever.</summary>
    public long TtlSeconds { get; set; }

    /// <summary>What an online read gives for a value older than its time to live; absent: the value itself.</summary>
    public ExpiredDefinition? Expired { get; set; }

    /// <summary>The column that tells when a row's values became true.</summary>
    public string EventTimestampColumn { get; set; } = "event_timestamp";

    /// <summary>The column that tells when a row was made, which decides between rows of one event time; absent: when it was received.</summary>
    public string? CreatedTimestampColumn { get; set; }

    /// <summary>Whether values can be read by <c>/get-online-features</c>.</summary>
    public bool Online { get; set; } = true;

    /// <summary>Whether values take part in historical joins.</summary>
    public bool Offline { get; set; } = true;

    /// <summary>When offline rows go online by themselves; absent: on request only.</summary>
    public MaterializationDefinition? Materialization { get; set; }

    /// <summary>What values must be like.</summary>
    public IReadOnlyList<RuleDefinition>? Rules { get; set; }

    /// <summary>Join keys and features whose values never appear in logs, error messages and statistics; told to every consumer of the definition.</summary>
    public IReadOnlyList<string>? SensitiveColumns { get; set; }
}
