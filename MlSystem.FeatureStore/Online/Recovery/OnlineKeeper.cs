using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.FeatureStore.Online.Recovery;

/// <summary>Watches the online store and recovers it whenever it may have lost something. Until then it is not read.</summary>
public sealed partial class OnlineKeeper(
    OnlineState state, OnlineStore store, OnlineRecovery recovery, CatalogStore catalog, IOptions<FeatureStoreOptions> options,
    TimeProvider time, ILogger<OnlineKeeper> logger) : BackgroundService, IStartupTask
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);
    private readonly TaskCompletionSource _firstReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _lastFailure;

    public string Name => "online store";

    /// <summary>Start-up waits for the first recovery; later failures only degrade.</summary>
    Task IStartupTask.RunAsync(CancellationToken cancellationToken) => _firstReady.Task.WaitAsync(cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.WaitUntilLoadedAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await KeepAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                if (state.NotReadyReason is null)
                {
                    state.Lost(error.Message);
                }

                if (_lastFailure != error.Message)
                {
                    LogFailed(_lastFailure = error.Message);
                }

                await Task.Delay(RetryDelay, time, stoppingToken);
            }
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        if (state.NotReadyReason is null)
        {
            await state.WaitForChangeAsync(TimeSpan.FromSeconds(options.Value.OnlineCheckSeconds), cancellationToken);
            if (state.NotReadyReason is null && !(await store.CheckAsync(cancellationToken)).IsReady)
            {
                state.Lost("it has lost its data, which is being rebuilt");
            }

            return;
        }

        var generation = state.Generation;
        await recovery.RunAsync(cancellationToken);
        if (state.TryMarkReady(generation))
        {
            _lastFailure = null;
            _firstReady.TrySetResult();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The online store is not usable: {Reason}; tried again until it is")]
    private partial void LogFailed(string reason);
}
