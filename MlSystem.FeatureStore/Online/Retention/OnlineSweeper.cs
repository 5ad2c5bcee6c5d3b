using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Online.Retention;

/// <summary>Sweeps the online store whenever the definitions or the store itself may have changed.</summary>
public sealed partial class OnlineSweeper(
    OnlineSweep sweep, OnlineState state, CatalogStore catalog, IOptions<FeatureStoreOptions> options, TimeProvider time, ILogger<OnlineSweeper> logger) : BackgroundService
{
    private (long Revision, long Generation) _done = (-1, -1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.WaitUntilLoadedAsync(stoppingToken);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.OnlineSweepSeconds), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = (catalog.Current.Revision, state.Generation);
            if (now == _done || state.NotReadyReason is not null)
            {
                continue;
            }

            try
            {
                _done = await sweep.RunAsync(stoppingToken) ? now : _done;
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The online store's rows were not brought in line with the definitions, tried again soon: {Reason}")]
    private partial void LogFailed(string reason);
}
