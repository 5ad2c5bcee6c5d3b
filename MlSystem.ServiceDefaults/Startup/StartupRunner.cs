using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MlSystem.ServiceDefaults.Startup;

/// <summary>Runs the <see cref="IStartupTask"/>s in order and knows which one is pending.</summary>
public sealed partial class StartupRunner(IEnumerable<IStartupTask> tasks, TimeProvider time, ILogger<StartupRunner> logger) : BackgroundService
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private volatile string? _pending = "start";
    private volatile string? _lastError;

    /// <summary>The task that has not succeeded yet, or null when the service is ready.</summary>
    public string? Pending => _pending;

    /// <summary>Why the pending task failed last.</summary>
    public string? LastError => _lastError;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var task in tasks)
        {
            _pending = task.Name;
            await RunUntilDoneAsync(task, stoppingToken);
        }

        _pending = null;
    }

    private async Task RunUntilDoneAsync(IStartupTask task, CancellationToken cancellationToken)
    {
        for (var delay = TimeSpan.FromMilliseconds(100); ; delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay)
        {
            try
            {
                await task.RunAsync(cancellationToken);
                _lastError = null;
                return;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                _lastError = error.Message;
                LogRetry(task.Name, error.Message, delay.TotalMilliseconds);
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Start-up task {Task} failed: {Reason}; again in {DelayMs} ms")]
    private partial void LogRetry(string task, string reason, double delayMs);
}
