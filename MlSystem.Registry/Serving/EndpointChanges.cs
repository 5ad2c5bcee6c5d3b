using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Registry.Serving;

/// <summary>
/// Wakes long polls. A change made by this process wakes them at once; for changes made by other replicas the state's generation
/// is read every <see cref="PollInterval"/>, by one loop for all, and only while somebody waits.
/// </summary>
internal sealed partial class EndpointChanges(IServiceProvider services, TimeProvider time, ILogger<EndpointChanges> logger) : BackgroundService
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = New();
    private TaskCompletionSource _someoneWaits = New();
    private int _waiting;
    private long _generation = -1;

    /// <summary>Completes on the next change behind the one that the caller has seen, or throws <see cref="TimeoutException"/>.</summary>
    /// <param name="changed">From <see cref="Next"/>, taken before the state was read.</param>
    public async Task WaitAsync(Task changed, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            await changed.WaitAsync(timeout, time, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>A task that completes with the next change.</summary>
    public Task Next()
    {
        lock (_lock)
        {
            return _changed.Task;
        }
    }

    public void Wake()
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            (changed, _changed) = (_changed, New());
        }

        changed.TrySetResult();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await services.GetRequiredService<StartupRunner>().WaitUntilReadyAsync(stoppingToken);
        var reader = services.GetRequiredService<EndpointReader>();
        while (!stoppingToken.IsCancellationRequested)
        {
            await SomeoneWaits().WaitAsync(stoppingToken);
            try
            {
                await LookAsync(reader);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                // The database may be away for a while; waiting callers keep waiting and the next look tries again.
                LogFailed(error.Message);
            }

            await Task.Delay(PollInterval, time, stoppingToken);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task LookAsync(EndpointReader reader)
    {
        var generation = await reader.GenerationAsync();
        var before = Interlocked.Exchange(ref _generation, generation);
        if (before != generation)
        {
            Wake();
        }
    }

    private void Enter()
    {
        lock (_lock)
        {
            if (Interlocked.Increment(ref _waiting) == 1)
            {
                _someoneWaits.TrySetResult();
            }
        }
    }

    private Task SomeoneWaits()
    {
        lock (_lock)
        {
            if (Volatile.Read(ref _waiting) > 0)
            {
                return Task.CompletedTask;
            }

            _someoneWaits = New();
            return _someoneWaits.Task;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking for changed endpoints failed: {Reason}")]
    private partial void LogFailed(string reason);
}
