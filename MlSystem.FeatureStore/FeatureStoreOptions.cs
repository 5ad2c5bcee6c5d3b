using System.ComponentModel.DataAnnotations;

namespace MlSystem.FeatureStore;

/// <summary>Settings of the feature store: section <c>Features</c>.</summary>
public sealed class FeatureStoreOptions
{
    public const string Section = "Features";

    /// <summary>How long one call to the online store may take; default 1 second, 0.01 to 60 seconds.</summary>
    [Range(0.01, 60)]
    public double OnlineTimeoutSeconds { get; set; } = 1;

    /// <summary>Most entity rows of one online read; default 10,000, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxOnlineEntities { get; set; } = 10_000;

    /// <summary>
    /// How long a row stays in the online store after its values have expired (event time plus the view's time to live), in seconds;
    /// default 2,592,000 (30 days), 60 to 3,155,760,000 (100 years). A view's <c>expired.keep_seconds</c> replaces it.
    /// </summary>
    [Range(60, 3_155_760_000)]
    public long OnlineKeepExpiredSeconds { get; set; } = 2_592_000;

    /// <summary>How often is looked whether changed definitions want other rows in the online store; default 5 seconds, 0.05 to 3600 seconds.</summary>
    [Range(0.05, 3600)]
    public double OnlineSweepSeconds { get; set; } = 5;

    /// <summary>How far event times may be ahead of this service's clock (of the event log's, for events of topics), in seconds; rows beyond are bad rows. Default 86,400 (1 day), 0 to 315,576,000,000 (10,000 years).</summary>
    [Range(0, 315_576_000_000)]
    public long MaxFutureSeconds { get; set; } = 86_400;

    /// <summary>Largest body of a JSON request, in bytes; default 64 MiB, 1 KiB to 1 GiB.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int MaxJsonBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Largest CSV or Parquet upload, in bytes; default 8 GiB, 1 KiB to 1 TiB. Uploads are spooled to disk, not held in memory.</summary>
    [Range(1024, 1L << 40)]
    public long MaxUploadBytes { get; set; } = 8L * 1024 * 1024 * 1024;

    /// <summary>Bad rows whose messages an answer repeats; the rest is counted in <c>errors_omitted</c>. Default 10,000, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxReportedErrors { get; set; } = 10_000;

    /// <summary>Rows of an upload that go to the event log at once; default 2,000, 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int IngestBatchRows { get; set; } = 2_000;

    /// <summary>How long rows may wait in the event log before they are written to Parquet; default 1 second, 0.01 to 300 seconds. A historical read does not wait for it.</summary>
    [Range(0.01, 300)]
    public double OfflineLingerSeconds { get; set; } = 1;

    /// <summary>Rows gathered for one round of Parquet files at most; default 50,000, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int OfflineBatchRows { get; set; } = 50_000;

    /// <summary>How long a historical read waits for acknowledged rows to reach Parquet; default 30 seconds, 0.1 to 600 seconds.</summary>
    [Range(0.1, 600)]
    public double OfflineBarrierSeconds { get; set; } = 30;

    /// <summary>How often the offline store looks for files to merge or remove; default 5 seconds, 0.02 to 3600 seconds.</summary>
    [Range(0.02, 3600)]
    public double OfflineCompactSeconds { get; set; } = 5;

    /// <summary>Small files of a partition that are merged although more keep coming; default 8, 2 to 1000.</summary>
    [Range(2, 1000)]
    public int OfflineCompactFiles { get; set; } = 8;

    /// <summary>After how long without new files a partition's are merged, be they few; default 60 seconds, 0 to 86,400 seconds.</summary>
    [Range(0, 86_400)]
    public double OfflineQuietSeconds { get; set; } = 60;

    /// <summary>Parquet files of this size are not merged further; default 512 MiB, 1 to 65,536 MiB.</summary>
    [Range(1, 65_536)]
    public int OfflineTargetFileMiB { get; set; } = 512;

    /// <summary>How long a file that was merged into another stays for readers of other replicas (those of this one are waited for); default 600 seconds, 0 to 604,800 seconds.</summary>
    [Range(0, 604_800)]
    public double OfflineRetentionSeconds { get; set; } = 600;

    /// <summary>Memory of one compaction before DuckDB spills to disk, in MiB; default 512, 64 to 1,048,576.</summary>
    [Range(64, 1_048_576)]
    public int CompactionMemoryMiB { get; set; } = 512;

    /// <summary>Folder of the Parquet files; default <c>offline</c> in the service's data folder.</summary>
    public string? OfflineDirectory { get; set; }

    /// <summary>Folder that the paths of file sources are relative to; default <c>sources</c> in the service's data folder.</summary>
    public string? FileSourceDirectory { get; set; }

    /// <summary>Memory that one historical read may use before DuckDB spills to disk, in MiB; default 1024, 64 to 1,048,576.</summary>
    [Range(64, 1_048_576)]
    public int HistoricalMemoryMiB { get; set; } = 1024;

    /// <summary>Historical reads that run at the same time, the others wait; default 2, 1 to 64.</summary>
    [Range(1, 64)]
    public int HistoricalConcurrency { get; set; } = 2;

    /// <summary>Offline rows that a materialization reads between two notes of its progress, in whole partitions; default 2,000,000, 1 to 1,000,000,000. An entity is sent once for each.</summary>
    [Range(1, 1_000_000_000)]
    public long MaterializePartRows { get; set; } = 2_000_000;

    /// <summary>Rows that a materialization or recovery sends to the online store at once, of which four are on their way; default 2,000, 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int MaterializeBatchRows { get; set; } = 2_000;

    /// <summary>How often the online store is asked whether it still has its data, besides every read; default 1 second, 0.05 to 60 seconds.</summary>
    [Range(0.05, 60)]
    public double OnlineCheckSeconds { get; set; } = 1;

    /// <summary>Tolerated difference between the clocks of this service and the event log when the online store catches up; default 30 seconds, 0 to 3600 seconds.</summary>
    [Range(0, 3600)]
    public double CatchUpMarginSeconds { get; set; } = 30;
}
