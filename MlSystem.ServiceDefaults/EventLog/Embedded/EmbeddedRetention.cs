using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>Applies the retention to every topic now and then. Several processes may do so at once: each pass only removes what is due.</summary>
internal sealed partial class EmbeddedRetention(EmbeddedEventLog log, IOptions<EventLogOptions> options, TimeProvider time, ILogger<EmbeddedRetention> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.RetentionInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await ApplyAsync(stoppingToken);
        }
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        foreach (var topic in log.ExistingTopics())
        {
            try
            {
                await log.ApplyRetentionAsync(topic, time.GetUtcNow() - options.Value.RetentionAge, options.Value.RetentionBytes, cancellationToken);
            }
            catch (IOException error)
            {
                // Tried again at the next tick; appends and reads of the topic report the same error to their callers.
                LogFailed(topic, error.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Retention of topic {Topic} failed: {Reason}")]
    private partial void LogFailed(string topic, string reason);
}
