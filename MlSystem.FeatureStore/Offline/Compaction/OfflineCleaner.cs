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

    /// <summary>Removes replaced files of a view now, but those that somebody may be reading.</summary>
    /// <returns>Those that stay for now.</returns>
    public async Task<IReadOnlyList<OfflineFileRow>> RemoveReplacedAsync(string view, CancellationToken cancellationToken)
    {
        var replaced = await manifest.ReplacedAsync(view, cancellationToken);
        var oldest = await manifest.IsAloneAsync(cancellationToken) ? leases.OldestUs : long.MinValue;
        var unread = replaced.Where(row => row.RemovedAtUs < oldest).ToArray();
        foreach (var file in unread)
        {
            files.Delete(file.FeatureView, file.Date, file.Name);
        }

        await manifest.ForgetAsync(unread, cancellationToken);
        return [.. replaced.Except(unread)];
    }

    /// <summary>
    /// Removes half-written files, and sets aside old ones that the manifest does not know: a killed process did not record them, and their rows
    /// are in other files; but a database from an old backup does not know newer ones either.
    /// </summary>
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
                files.SetAside(view, date, name);
                LogOrphan(view, date, name);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Set aside {Name} of feature view {View}, {Date}, as .orphan: the manifest does not know it, because its writer was killed or because the database is older than the file")]
    private partial void LogOrphan(string view, DateOnly date, string name);
}
