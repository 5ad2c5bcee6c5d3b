using System.ComponentModel.DataAnnotations;

namespace MlSystem.Monitor.History;

/// <summary>Settings of the prediction history: section <c>MlSystem:Monitor:History</c>.</summary>
public sealed class HistoryOptions
{
    public const string Section = "MlSystem:Monitor:History";

    /// <summary>Days that predictions and their labels are kept; default 90, 8 to 3650 (longer than events stay in the log, so that a repeated event is still recognised).</summary>
    [Range(8, 3650)]
    public int RetentionDays { get; set; } = 90;

    /// <summary>Predictions and outcomes that are written to Parquet at once; default 100,000, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int FlushRows { get; set; } = 100_000;

    /// <summary>Seconds until staged rows are written to Parquet at the latest; default 60, 1 to 3600.</summary>
    [Range(1, 3600)]
    public int FlushIntervalSeconds { get; set; } = 60;

    /// <summary>Minutes between two passes of compaction and retention; default 60, 1 to 1440. A replaced file stays that long for those who read it.</summary>
    [Range(1, 1440)]
    public int MaintenanceIntervalMinutes { get; set; } = 60;
}
