namespace MlSystem.FeatureStore;

/// <summary>Times inside the feature store are microseconds since 1970-01-01T00:00:00Z, the finest that Parquet and DuckDB's TIMESTAMP share.</summary>
public static class UnixTime
{
    public static long Microseconds(DateTimeOffset time) => (time.UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    public static long Microseconds(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset FromMicroseconds(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
}
