namespace MlSystem.FeatureStore.Definitions;

/// <summary>Picks up what other replicas applied.</summary>
public sealed partial class CatalogRefresher(CatalogStore catalog, TimeProvider time, ILogger<CatalogRefresher> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.WaitUntilLoadedAsync(stoppingToken);
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await catalog.RefreshAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The definitions can't be read, the known ones stay in force: {Reason}")]
    private partial void LogFailed(string reason);
}
