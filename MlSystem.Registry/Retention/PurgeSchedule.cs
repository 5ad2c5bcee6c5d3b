using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Registry.Retention;

/// <summary>Purges by itself what has been deleted for as long as the option says.</summary>
internal sealed partial class PurgeSchedule(Purger purger, IOptions<RetentionOptions> options, StartupRunner startup, TimeProvider time, ILogger<PurgeSchedule> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.PurgeDeletedAfterDays is not { } days)
        {
            return;
        }

        await startup.WaitUntilReadyAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var report = await purger.PurgeAsync(TimeSpan.FromDays(days), experiments: null, dryRun: false, stoppingToken);
                LogPurged(report.Runs.Count, report.LoggedModels.Count, report.Experiments.Count, report.Kept.Count);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error.Message);
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Purged {Runs} runs, {Models} logged models and {Experiments} experiments; {Kept} stay because they are in use")]
    private partial void LogPurged(int runs, int models, int experiments, int kept);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Purging failed: {Reason}; it is tried again in an hour")]
    private partial void LogFailed(string reason);
}
