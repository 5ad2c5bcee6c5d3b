using Microsoft.Extensions.Options;
using MlSystem.Inference.Versions;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Inference.Routing;

/// <summary>Not ready before the registry was asked and the endpoints' models are warm.</summary>
public sealed class FirstEndpoints(RegistryClient registry, ServingState state) : IStartupTask
{
    private const int MaxAttempts = 6;
    private int _attempts;

    public string Name => "endpoints from the registry";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var snapshot = await registry.WatchAsync(etag: null, TimeSpan.Zero, cancellationToken)
            ?? throw new InvalidOperationException("The registry answered 304 to a question without an ETag.");
        await state.ApplyAsync(snapshot, cancellationToken);

        // One version that can't be fetched must not keep the others out of service for good: the watcher goes on trying.
        if (state.HasTransientFailures && ++_attempts < MaxAttempts)
        {
            throw new InvalidOperationException("Some versions could not be fetched yet.");
        }
    }
}

/// <summary>Follows the registry's endpoints by long poll. While the registry is away, what is served stays.</summary>
public sealed partial class EndpointWatcher(
    RegistryClient registry, ServingState state, StartupRunner startup, IOptions<RoutingOptions> options, TimeProvider time, ILogger<EndpointWatcher> logger) : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private Task _applying = Task.CompletedTask;
    private volatile string? _problem;

    /// <summary>Why the registry can't be followed at the moment, or null.</summary>
    public string? Problem => _problem;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await startup.WaitUntilReadyAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stoppingToken);
                _problem = null;
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                if (_problem is null)
                {
                    LogLost(error.Message);
                }

                _problem = error.Message;
                await Task.Delay(Retry, time, stoppingToken);
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        // A registry that is back is told soon, not at the end of a long poll.
        var wait = state.HasTransientFailures || _problem is not null ? Retry : TimeSpan.FromSeconds(options.Value.WatchSeconds);
        var snapshot = await registry.WatchAsync(state.ETag, wait, cancellationToken);

        // Loading may take long; the next change of another endpoint must not wait for it.
        if (snapshot is not null)
        {
            _applying = ApplyAsync(snapshot, cancellationToken);
        }
        else if (_applying.IsCompleted && state.HasTransientFailures)
        {
            _applying = state.LoadMissingAsync(cancellationToken);
        }

        if (snapshot is { ETag: null } || _applying.IsFaulted)
        {
            await _applying;
            await Task.Delay(Retry, time, cancellationToken);
        }
    }

    private async Task ApplyAsync(EndpointsSnapshot snapshot, CancellationToken cancellationToken)
    {
        LogChanged(snapshot.Endpoints.Count);
        await state.ApplyAsync(snapshot, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The registry has {Count} endpoints")]
    private partial void LogChanged(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The registry can't be followed: {Reason}; what is served stays")]
    private partial void LogLost(string reason);
}
