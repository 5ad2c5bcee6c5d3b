using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Registry.Artifacts.Collection;

/// <summary>Removes unreferenced blobs by itself, first one interval after the start.</summary>
internal sealed partial class CollectionSchedule(
    BlobCollector collector, IOptions<ArtifactOptions> options, StartupRunner startup, TimeProvider time, ILogger<CollectionSchedule> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.CollectEveryHours is not { } hours)
        {
            return;
        }

        await startup.WaitUntilReadyAsync(stoppingToken);
        using var timer = new PeriodicTimer(TimeSpan.FromHours(hours), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var report = await collector.CollectAsync(dryRun: false, stoppingToken);
                LogCollected(report.Removed, report.Bytes);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Blobs} unreferenced blobs of {Bytes} bytes")]
    private partial void LogCollected(long blobs, long bytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Removing unreferenced blobs failed: {Reason}; it is tried again after the next interval")]
    private partial void LogFailed(string reason);
}
