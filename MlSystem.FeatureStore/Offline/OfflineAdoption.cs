using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline.Statistics;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.FeatureStore.Offline;

/// <summary>
/// Records the files of a folder whose manifest is empty: those of a version that had none, or of a database that was lost. Every file is
/// read once; afterwards only the manifest tells what counts.
/// </summary>
public sealed partial class OfflineAdoption(
    OfflineFiles files, OfflineManifest manifest, Spool spool, IOptions<FeatureStoreOptions> options, TimeProvider time, ILogger<OfflineAdoption> logger) : IStartupTask
{
    public string Name => "offline store";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!await manifest.IsEmptyAsync(cancellationToken))
        {
            return;
        }

        var rows = new List<OfflineFileRow>();
        await using var connection = await DuckDb.OpenAsync(spool.Folder, options.Value.CompactionMemoryMiB, cancellationToken);
        foreach (var (view, date, name) in files.OnDisk())
        {
            var path = files.PathOf(view, date, name);
            var statistics = await FileStatistics.ReadAsync(connection, path, cancellationToken);
            if (statistics.Rows > 0)
            {
                rows.Add(RowOf(view, date, name, new FileInfo(path).Length, statistics, compacted: false, UnixTime.Microseconds(time.GetUtcNow())));
            }
        }

        await manifest.AddAsync(rows, cancellationToken);
        if (rows.Count > 0)
        {
            LogAdopted(rows.Count);
        }
    }

    internal static OfflineFileRow RowOf(string view, DateOnly date, string name, long bytes, FileStatistics statistics, bool compacted, long nowUs) => new()
    {
        FeatureView = view,
        Date = date,
        Name = name,
        Rows = statistics.Rows,
        Bytes = bytes,
        MinEventUs = statistics.MinEventUs,
        MaxEventUs = statistics.MaxEventUs,
        MinLoggedUs = statistics.MinLoggedUs,
        MaxLoggedUs = statistics.MaxLoggedUs,
        Compacted = compacted,
        Statistics = StatisticsJson.Text(statistics.Columns),
        AddedAtUs = nowUs,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Recorded {Files} Parquet files that no manifest knew")]
    private partial void LogAdopted(int files);
}
