using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Triggers;

/// <summary>Looks at schedules and at held-back events every second, and at counts of data at a longer interval.</summary>
public sealed partial class TriggerClock(
    TriggerPipelines pipelines, CronTriggers cron, DataTriggers data, EventTriggers events, StoreReady store, IOptions<RunOptions> options, TimeProvider time, ILogger<TriggerClock> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private DateTimeOffset _counted = DateTimeOffset.MinValue;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await store.WaitAsync(stoppingToken);
            while (true)
            {
                await TickAsync(stoppingToken);
                await Task.Delay(Interval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is due goes on after the next start.
        }
    }

    internal async Task TickAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A clock that was set back must not stop the counting.
            var countsNow = (time.GetUtcNow() - _counted).Duration() >= options.Value.DataTriggerInterval;
            _counted = countsNow ? time.GetUtcNow() : _counted;
            foreach (var pipeline in await pipelines.AllAsync(cancellationToken))
            {
                foreach (var trigger in pipeline.Definition.Triggers)
                {
                    await TickAsync(pipeline, trigger, countsNow, cancellationToken);
                }
            }
        }
        catch (Exception error) when (error is DbException or DbUpdateException or InvalidOperationException && !cancellationToken.IsCancellationRequested)
        {
            LogDelayed(error.Message);
        }
    }

    private async Task TickAsync(PipelineView pipeline, TriggerSpec trigger, bool countsNow, CancellationToken cancellationToken)
    {
        try
        {
            switch (trigger.Kind)
            {
                case TriggerKind.Cron:
                    await cron.TickAsync(pipeline, trigger, cancellationToken);
                    break;
                case TriggerKind.NewData when countsNow:
                    await data.TickAsync(pipeline, trigger, cancellationToken);
                    break;
                case TriggerKind.NewData:
                    break;
                default:
                    await events.ReleaseAsync(pipeline, trigger, cancellationToken);
                    break;
            }
        }
        catch (Exception error) when (error is StepFailedException or TransientStepException)
        {
            // The count cannot be had now.
            LogTrigger(pipeline.Name, trigger.Name, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Triggers wait: {Reason}")]
    private partial void LogDelayed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Trigger {Trigger} of pipeline {Pipeline} waits: {Reason}")]
    private partial void LogTrigger(string pipeline, string trigger, string reason);
}
