using MlSystem.AppHost.Standalone.Logging;

namespace MlSystem.AppHost.Standalone.Processes;

/// <summary>Keeps one service running: starts it, waits until it is ready, starts it again when it crashed.</summary>
internal sealed class ServiceSupervisor(
    ServiceDefinition service, string program, HostSettings settings, HealthProbe health, MergedLog log, TimeProvider time)
{
    /// <summary>A terminal's Ctrl-C reaches the services as well as the host, in any order: an exit is a crash only when no stop follows.</summary>
    private static readonly TimeSpan StopFollows = TimeSpan.FromMilliseconds(300);

    /// <summary>A service that ran with this configuration and then refuses it may have met a passing state (its port, a lock): it gets this many more starts.</summary>
    private const int RefusalsAfterReady = 2;

    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RestartPolicy _restarts = new(time);
    private int _refusals;

    public ServiceDefinition Service => service;

    /// <summary>Completes when the service is ready for the first time.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Runs the service until <paramref name="stop"/>, then drains it.</summary>
    /// <param name="grace">How long it may take to drain before it is killed.</param>
    /// <param name="kill">Ends the draining early.</param>
    /// <exception cref="StartRefusedException">The service says that its configuration or its stores are unusable.</exception>
    public async Task RunAsync(TimeSpan grace, CancellationToken stop, CancellationToken kill)
    {
        while (!stop.IsCancellationRequested)
        {
            using var process = ServiceProcess.Start(
                program, ServiceEnvironment.Compose(service, settings, _restarts.Restarts), line => log.Service(service.Name, line), time);
            try
            {
                await WaitReadyAsync(process, stop);
                await process.Exited.WaitAsync(stop);
                await Task.Delay(StopFollows, time, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                await process.StopAsync(grace, kill);
                return;
            }

            await HandleExitAsync(process, stop);
        }
    }

    /// <summary>Returns when the service is ready, or gone before that.</summary>
    private async Task WaitReadyAsync(ServiceProcess process, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var healthy = health.WaitAsync(ServiceEnvironment.Url(service.HttpPort, settings), gone.Token);
        if (await Task.WhenAny(healthy, process.Exited) == healthy)
        {
            await healthy;
            _restarts.Ready();
            var again = _restarts.Restarts == 0 ? "" : $" again, restart {_restarts.Restarts}";
            log.Host($"{service.Name} is ready{again} ({time.GetElapsedTime(started).TotalSeconds:0.0} s, process {process.Id})");
            _ready.TrySetResult();
            return;
        }

        await gone.CancelAsync();
        await healthy.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task HandleExitAsync(ServiceProcess process, CancellationToken stop)
    {
        var code = await process.Exited;
        _refusals = code == StartRefusedException.Unusable ? _refusals + 1 : 0;
        if (_refusals > (Ready.IsCompleted ? RefusalsAfterReady : 0))
        {
            throw new StartRefusedException(process.LastErrorLine ?? $"{service.Name}: its configuration or its stores are unusable");
        }

        var delay = _restarts.Exited();
        log.Error($"{service.Name} exited with code {code}; starting it again in {delay.TotalSeconds:0} s");
        await Task.Delay(delay, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
