namespace MlSystem.FeatureStore.Definitions;

/// <summary>When offline rows of a view go online by themselves: exactly one of both.</summary>
public sealed record MaterializationDefinition
{
    /// <summary>Five fields (minute, hour, day of month, month, day of week), UTC.</summary>
    public string? Cron { get; set; }

    /// <summary>At every multiple of this many seconds since 1970-01-01T00:00:00Z; 1 to 2,678,400 (31 days).</summary>
    public long? IntervalSeconds { get; set; }
}
