using System.ComponentModel.DataAnnotations;

namespace MlSystem.FeatureStore.Streams;

/// <summary>Settings of streaming aggregates: section <c>Features:Streams</c>.</summary>
public sealed class StreamOptions
{
    public const string Section = "Features:Streams";

    /// <summary>Events that are computed at once at most; default 20,000, 1 to 1,000,000. Fewer where fewer are there.</summary>
    [Range(1, 1_000_000)]
    public int BatchEvents { get; set; } = 20_000;

    /// <summary>Time between two snapshots of the state; default 30 seconds, 0.01 to 3600 seconds. A restart computes what came after the last one again.</summary>
    [Range(0.01, 3600)]
    public double SnapshotSeconds { get; set; } = 30;

    /// <summary>
    /// What comes from the past (a view that is computed for the first time, imported events) makes at most one row an entity in this time of its clock;
    /// default 1 second, 0 to 86,400 seconds; 0: one for every moment at which an event came.
    /// </summary>
    [Range(0, 86_400)]
    public double HistoryStepSeconds { get; set; } = 1;
}
