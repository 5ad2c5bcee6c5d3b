using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Startup;

/// <summary>Runs the <see cref="IStartupTask"/>s in order and knows which ones are pending.</summary>
public sealed partial class StartupRunner(IEnumerable<IStartupTask> tasks, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<StartupRunner> logger) : BackgroundService
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private readonly IStartupTask[] _tasks = [.. tasks];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile int _done;
    private volatile string? _lastError;
    private volatile StartupFailureException? _failure;

    /// <summary>Whether every task has succeeded.</summary>
    public bool IsReady => _ready.Task.IsCompletedSuccessfully;

    /// <summary>The tasks that have not succeeded yet, the current one first; empty when the service is ready.</summary>
    public IReadOnlyList<string> Pending => IsReady ? [] : [.. _tasks.Skip(_done).Select(task => task.Name).DefaultIfEmpty("start")];

    /// <summary>Why the current task failed last; null when it has not.</summary>
    public string? LastError => _lastError;

    /// <summary>Why the service gave up; null while it has not.</summary>
    public StartupFailureException? Failure => _failure;

    /// <summary>Completes when every task has succeeded. Background loops that need the stores begin with this.</summary>
    public Task WaitUntilReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            for (; _done < _tasks.Length; _done++)
            {
                await RunUntilDoneAsync(_tasks[_done], stoppingToken);
            }

            _ready.SetResult();
            LogReady(_tasks.Length);
        }
        catch (StartupFailureException failure)
        {
            _lastError = failure.Message;
            _failure = failure;
            lifetime.StopApplication();
        }
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
            catch (Exception error) when (error is not StartupFailureException && !cancellationToken.IsCancellationRequested)
            {
                _lastError = error.Message;
                LogRetry(task.Name, error.Message, delay.TotalMilliseconds);
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Start-up task {Task} failed: {Reason}; again in {DelayMs} ms")]
    private partial void LogRetry(string task, string reason, double delayMs);

    [LoggerMessage(Level = LogLevel.Information, Message = "Ready ({Tasks} start-up tasks done)")]
    private partial void LogReady(int tasks);
}
