namespace MlSystem.AppHost.Standalone.Processes;

/// <summary>Starts services in the order of their dependencies and stops them in the reverse: a service drains while everything that it calls still runs.</summary>
internal sealed class ServiceGraph(IReadOnlyDictionary<string, ServiceSupervisor> supervisors, TimeProvider time)
{
    /// <summary>How long one service may drain.</summary>
    private static readonly TimeSpan DrainOne = TimeSpan.FromSeconds(10);

    /// <summary>How long stopping everything may take.</summary>
    private static readonly TimeSpan DrainAll = TimeSpan.FromSeconds(20);

    private readonly Dictionary<string, TaskCompletionSource> _ended = supervisors.Keys.ToDictionary(
        name => name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), StringComparer.Ordinal);

    /// <summary>Completes when every service is ready for the first time.</summary>
    public Task Ready => Task.WhenAll(supervisors.Values.Select(supervisor => supervisor.Ready));

    /// <summary>Runs all services until <paramref name="stopRequested"/> or until one can't go on; returns when none is left.</summary>
    /// <exception cref="StartRefusedException">A service can't go on.</exception>
    public async Task RunAsync(CancellationToken stopRequested)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopRequested);
        using var kill = new CancellationTokenSource();
        await using var limit = stop.Token.Register(() => kill.CancelAfter(DrainAll));

        // No service ends by itself: the first end is the stop's or a failure's.
        var running = supervisors.Values.Select(supervisor => RunOneAsync(supervisor, stop.Token, kill.Token)).ToList();
        await Task.WhenAny(running);
        await stop.CancelAsync();
        await Task.WhenAll(running);
    }

    private async Task RunOneAsync(ServiceSupervisor supervisor, CancellationToken stop, CancellationToken kill)
    {
        var service = supervisor.Service;
        using var own = new CancellationTokenSource();
        try
        {
            await Task.WhenAll(service.WaitsFor.Select(dependency => supervisors[dependency].Ready)).WaitAsync(stop);
            var run = supervisor.RunAsync(DrainOne, own.Token, kill);
            await Task.WhenAny(run, WhenCancelledAsync(stop));
            if (!run.IsCompleted)
            {
                await WhenDependentsEndedAsync(service, kill);
                await own.CancelAsync();
            }

            await run;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped before it was started.
        }
        finally
        {
            _ended[service.Name].SetResult();
        }
    }

    private async Task WhenDependentsEndedAsync(ServiceDefinition service, CancellationToken kill)
    {
        var dependents = supervisors.Values
            .Where(other => other.Service.WaitsFor.Contains(service.Name, StringComparer.Ordinal))
            .Select(other => _ended[other.Service.Name].Task);
        await Task.WhenAny(Task.WhenAll(dependents), WhenCancelledAsync(kill));
    }

    private async Task WhenCancelledAsync(CancellationToken token) =>
        await Task.Delay(Timeout.InfiniteTimeSpan, time, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
