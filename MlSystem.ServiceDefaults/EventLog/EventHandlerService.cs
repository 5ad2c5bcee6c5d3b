using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>
/// Reads a topic for a group, hands the events to <see cref="HandleAsync"/> and commits them afterwards. A batch that fails is
/// tried again with back-off (100 ms doubling to 30 s) until it succeeds: an event is never acknowledged although its handler
/// failed. A handler that meets an event it can never handle must put it aside durably itself and return.
/// </summary>
public abstract partial class EventHandlerService : BackgroundService
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);

    private readonly EventHandlerContext _context;
    private readonly string _topic;
    private readonly string _group;
    private readonly int _maxEvents;
    private readonly ILogger _logger;

    /// <param name="maxEvents">Largest batch; at least 1.</param>
    protected EventHandlerService(EventHandlerContext context, string topic, string group, int maxEvents = 500)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEvents, 1);
        (_context, _topic, _group, _maxEvents) = (context, topic, group, maxEvents);
        _logger = context.Loggers.CreateLogger(GetType());
    }

    /// <summary>
    /// Handles events in order within each key; when it returns, their effect must be durable, since they are not delivered
    /// again. Delivery is at least once: the same events may come again after a crash or a failure.
    /// </summary>
    protected abstract Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await _context.Startup.WaitUntilReadyAsync(stoppingToken);
            for (var delay = FirstDelay; ; delay = Next(delay))
            {
                if (await ConsumeAsync(stoppingToken))
                {
                    // The subscription was sound for a while: begin with the shortest delay again.
                    delay = FirstDelay;
                }

                await Task.Delay(delay, _context.Time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping: what was handled is committed, the rest is delivered again.
        }
    }

    /// <summary>Reads until the log fails; then the caller subscribes anew. True when something was committed before.</summary>
    private async Task<bool> ConsumeAsync(CancellationToken stoppingToken)
    {
        var committed = false;
        try
        {
            await using var consumer = _context.Log.Subscribe(_topic, _group);
            while (true)
            {
                var events = await consumer.ReadAsync(_maxEvents, stoppingToken);
                await HandleUntilDoneAsync(events, stoppingToken);
                await consumer.CommitAsync(stoppingToken);
                committed = true;
            }
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            LogLost(error, _topic, _group);
            return committed;
        }
    }

    private async Task HandleUntilDoneAsync(IReadOnlyList<StoredEvent> events, CancellationToken stoppingToken)
    {
        for (var (delay, attempt) = (FirstDelay, 1); ; (delay, attempt) = (Next(delay), attempt + 1))
        {
            try
            {
                await HandleAsync(events, stoppingToken);
                return;
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                _context.Metrics.HandlerFailed(_topic, _group);
                LogFailed(error, events.Count, _topic, events[0].Partition, events[0].Offset, _group, attempt, delay.TotalMilliseconds);
                await Task.Delay(delay, _context.Time, stoppingToken);
            }
        }
    }

    private static TimeSpan Next(TimeSpan delay) => delay * 2 < MaxDelay ? delay * 2 : MaxDelay;

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} events of topic {Topic} (from partition {Partition}, offset {Offset}) could not be handled for group {Group} (attempt {Attempt}); again in {DelayMs} ms")]
    private partial void LogFailed(Exception error, int count, string topic, int partition, long offset, string group, int attempt, double delayMs);

    [LoggerMessage(Level = LogLevel.Error, Message = "Topic {Topic} can't be read for group {Group}; subscribing again")]
    private partial void LogLost(Exception error, string topic, string group);
}
