using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Offline.Compaction;

/// <summary>Compacts partitions as files come, and removes files that were replaced once nobody can be reading them.</summary>
public sealed partial class CompactionService(
    CatalogStore catalog, OfflineManifest manifest, Compactor compactor, OfflineCleaner cleaner,
    IOptions<FeatureStoreOptions> options, TimeProvider time, ILogger<CompactionService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.WaitUntilLoadedAsync(stoppingToken);
        await TryAsync(cleaner.RemoveOrphansAsync, stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            await TryAsync(CompactAsync, stoppingToken);
            await TryAsync(cleaner.RemoveReplacedAsync, stoppingToken);
            await Task.Delay(TimeSpan.FromSeconds(options.Value.OfflineCompactSeconds), time, stoppingToken);
        }
    }

    private async Task CompactAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, date) in await manifest.SplitPartitionsAsync(cancellationToken))
        {
            if (catalog.Current.Views.TryGetValue(name, out var view))
            {
                await compactor.CompactAsync(view, date, cancellationToken);
            }
        }
    }

    /// <summary>What fails is tried again in the next round; nothing depends on it but space and speed.</summary>
    private async Task TryAsync(Func<CancellationToken, Task> work, CancellationToken stoppingToken)
    {
        try
        {
            await work(stoppingToken);
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            LogFailed(error);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The offline store could not be compacted; the files stay as they are and it is tried again")]
    private partial void LogFailed(Exception error);
}
