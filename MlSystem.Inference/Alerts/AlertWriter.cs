using System.Text.Json;
using System.Threading.Channels;
using MlSystem.Contracts;
using MlSystem.Inference.PredictionLog;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.Alerts;

/// <summary>
/// Appends alerts to the event log behind whoever raised them, again and again while the log is down. Best effort: 256 wait at most,
/// beyond which new ones are only in the service's log, and those that wait when the process ends are lost.
/// </summary>
public sealed partial class AlertWriter(IEventLog log, TimeProvider time, ILogger<AlertWriter> logger) : BackgroundService
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private readonly Channel<AlertEvent> _waiting = Channel.CreateBounded<AlertEvent>(new BoundedChannelOptions(256) { SingleReader = true });

    /// <summary>Logs an alert and lets it be appended.</summary>
    public void Raise(AlertEvent alert)
    {
        LogAlert(alert.Kind, alert.Severity, alert.Summary);
        if (!_waiting.Writer.TryWrite(alert))
        {
            LogDropped(alert.AlertId);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var alert in _waiting.Reader.ReadAllAsync(stoppingToken))
        {
            await AppendAsync(alert, stoppingToken);
        }
    }

    private async Task AppendAsync(AlertEvent alert, CancellationToken cancellationToken)
    {
        var data = JsonSerializer.SerializeToUtf8Bytes(alert, ContractsJson.Default.AlertEvent);
        var written = CloudEvents.Create(alert.Endpoint, alert.AlertId, EventTypes.Alert, PredictionLogger.EventSource, alert.Time, data);
        for (var delay = TimeSpan.FromMilliseconds(100); ; delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay)
        {
            try
            {
                await log.AppendAsync(Topics.Alerts, [written], cancellationToken);
                return;
            }
            catch (EventTooLargeException error)
            {
                LogRefused(alert.AlertId, error.Message);
                return;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogRetry(error.Message, delay.TotalMilliseconds);
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Alert {Kind} ({Severity}): {Summary}")]
    private partial void LogAlert(string kind, string severity, string summary);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Alert {Id} is not in the event log: too many wait for it")]
    private partial void LogDropped(string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Alert {Id} is not in the event log: {Reason}")]
    private partial void LogRefused(string id, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Alerts can't be written to the event log: {Reason}; again in {DelayMs} ms")]
    private partial void LogRetry(string reason, double delayMs);
}
