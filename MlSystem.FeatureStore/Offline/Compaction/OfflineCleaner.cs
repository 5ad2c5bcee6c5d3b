using Microsoft.Extensions.Options;

namespace MlSystem.FeatureStore.Offline.Compaction;

/// <summary>Removes files that don't count: replaced ones that nobody reads any more, and what killed processes left.</summary>
public sealed partial class OfflineCleaner(
    OfflineFiles files, OfflineManifest manifest, OfflineLeases leases, IOptions<FeatureStoreOptions> options, TimeProvider time, ILogger<OfflineCleaner> logger)
{
    /// <summary>A living process records a file right after writing it.</summary>
    private static readonly TimeSpan OrphanAge = TimeSpan.FromHours(1);

    /// <summary>Readers in this process are known; those of other replicas have <c>Features:OfflineRetentionSeconds</c> to finish.</summary>
    public async Task RemoveReplacedAsync(CancellationToken cancellationToken)
    {
        var before = UnixTime.Microseconds(time.GetUtcNow() - TimeSpan.FromSeconds(options.Value.OfflineRetentionSeconds)) + 1;
        var replaced = await manifest.ReplacedAsync(before, cancellationToken);
        var oldest = leases.OldestUs;
        var unread = replaced.Where(row => row.RemovedAtUs < oldest).ToArray();
        foreach (var file in unread)
        {
            files.Delete(file.FeatureView, file.Date, file.Name);
        }

        await manifest.ForgetAsync(unread, cancellationToken);
    }

    /// <summary>Removes old files that the manifest does not know.</summary>
    public async Task RemoveOrphansAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - OrphanAge;
        files.RemoveUnfinished(before);
        foreach (var partition in files.OnDisk().GroupBy(file => (file.View, file.Date)).ToArray())
        {
            var (view, date) = partition.Key;
            var old = partition.Select(file => file.Name).Where(name => File.GetLastWriteTimeUtc(files.PathOf(view, date, name)) < before.UtcDateTime).ToArray();
            var known = await manifest.KnownAsync(view, date, old, cancellationToken);
            foreach (var name in old.Where(name => !known.Contains(name)))
            {
                files.Delete(view, date, name);
                LogOrphan(view, date, name);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Name} of feature view {View}, {Date}: its writer was killed before it was recorded")]
    private partial void LogOrphan(string view, DateOnly date, string name);
}
