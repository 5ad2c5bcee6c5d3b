using System.ComponentModel.DataAnnotations;

namespace MlSystem.FeatureStore.Consistency;

/// <summary>Settings of the read log and its replay: section <c>Features:Consistency</c>.</summary>
public sealed class ConsistencyOptions
{
    public const string Section = "Features:Consistency";

    /// <summary>Share of the online reads that are logged; default 0.01, 0 (none) to 1 (all).</summary>
    [Range(0, 1)]
    public double SampleShare { get; set; } = 0.01;

    /// <summary>Entity rows logged of one read, spread over it; default 10, 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int MaxRowsPerRead { get; set; } = 10;

    /// <summary>How long logged reads are kept; default 7 days, 0.01 to 400 days.</summary>
    [Range(0.01, 400)]
    public double RetentionDays { get; set; } = 7;

    /// <summary>Beyond this the oldest logged reads go; default 1024 MiB, 1 to 1,048,576 MiB.</summary>
    [Range(1, 1_048_576)]
    public int MaxMiB { get; set; } = 1024;

    /// <summary>How often the reads since the last replay are replayed by themselves; default 3600 seconds, 0 (never) to 2,678,400 seconds.</summary>
    [Range(0, 2_678_400)]
    public long IntervalSeconds { get; set; } = 3600;

    /// <summary>Logged rows that one replay takes of each view, the newest; default 100,000, 1 to 10,000,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxReplayedRows { get; set; } = 100_000;
}
