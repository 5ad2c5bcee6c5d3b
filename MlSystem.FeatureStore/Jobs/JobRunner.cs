using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Online;

namespace MlSystem.FeatureStore.Jobs;

/// <summary>
/// Does promised jobs: those of one kind one after the other, kinds beside each other. A failed attempt is repeated with back-off: without end
/// where a store is away, else a few times.
/// </summary>
public sealed partial class JobRunner(IEnumerable<IJobHandler> handlers, JobStore store, JobSignal signal, CatalogStore catalog, TimeProvider time, ILogger<JobRunner> logger)
    : BackgroundService
{
    private const int MaxAttempts = 5;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.WaitUntilLoadedAsync(stoppingToken);
        await UntilDoneAsync(() => store.AdoptAsync(stoppingToken), stoppingToken);
        await Task.WhenAll(handlers.Select(handler => RunKindAsync(handler, stoppingToken)));
    }

    private async Task RunKindAsync(IJobHandler handler, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = signal.Next;
            await UntilDoneAsync(
                async () =>
                {
                    while (await store.ClaimAsync(handler.Kind, stoppingToken) is { } job)
                    {
                        await RunAsync(handler, job, stoppingToken);
                        await store.PruneAsync(handler.Kind, handler.Keep, stoppingToken);
                    }
                },
                stoppingToken);
            await JobSignal.WaitAsync(next, Poll, time, stoppingToken);
        }
    }

    private async Task RunAsync(IJobHandler handler, JobRow job, CancellationToken stoppingToken)
    {
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var watch = WatchAsync(job.Id, cancelled);
        try
        {
            await AttemptAsync(handler, job, cancelled.Token);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await store.ReleaseAsync(job.Id, CancellationToken.None);
            throw;
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
        {
            if (await store.IsCancelRequestedAsync(job.Id, stoppingToken))
            {
                await store.FinishAsync(job.Id, JobState.Cancelled, null, stoppingToken);
                LogEnded(job.Kind, job.Id, JobState.Cancelled, "");
            }
        }
        finally
        {
            await cancelled.CancelAsync();
            await watch;
        }
    }

    private async Task AttemptAsync(IJobHandler handler, JobRow job, CancellationToken cancellationToken)
    {
        var run = new JobRun(job, async (progress, cancel) =>
        {
            if (!await store.SaveProgressAsync(job.Id, progress, cancel))
            {
                throw new OperationCanceledException("Another replica has taken the job over.");
            }
        }, (request, cancel) => store.ReplaceRequestAsync(job.Id, request, cancel));
        for (var (attempt, delay) = (1, FirstDelay); ; delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay)
        {
            var before = run.Progress;
            try
            {
                await handler.RunAsync(run, cancellationToken);
                await store.FinishAsync(job.Id, JobState.Succeeded, null, cancellationToken);
                LogEnded(job.Kind, job.Id, JobState.Succeeded, "");
                return;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                attempt = before == run.Progress ? attempt + 1 : 1;
                if (error is JobFailedException || (!IsAway(error) && !handler.NeverGivesUp && attempt > MaxAttempts))
                {
                    await store.FinishAsync(job.Id, JobState.Failed, error.Message, cancellationToken);
                    LogEnded(job.Kind, job.Id, JobState.Failed, error.Message);
                    return;
                }

                LogAttempt(error, job.Kind, job.Id, delay.TotalMilliseconds);
                await store.SaveErrorAsync(job.Id, error.Message, cancellationToken);
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    /// <summary>Keeps the job this process's, and ends it when it is cancelled or lost.</summary>
    private async Task WatchAsync(string id, CancellationTokenSource cancelled)
    {
        while (!cancelled.IsCancellationRequested)
        {
            try
            {
                var next = signal.Next;
                if (!await store.RenewAsync(id, cancelled.Token))
                {
                    await cancelled.CancelAsync();
                }

                await JobSignal.WaitAsync(next, Poll, time, cancelled.Token);
            }
            catch (Exception error) when (cancelled.IsCancellationRequested)
            {
                LogWatchEnded(error.Message);
            }
            catch (Exception error)
            {
                // The job's own next write tells whether this process still has it.
                LogFailed(error);
                await Task.WhenAny(Task.Delay(MaxDelay / 10, time, cancelled.Token));
            }
        }
    }

    private static bool IsAway(Exception error) => error is OnlineStoreException or OfflineStoreException or IngestionException or System.Data.Common.DbException or IOException;

    private async Task UntilDoneAsync(Func<Task> work, CancellationToken stoppingToken)
    {
        try
        {
            await work();
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            LogFailed(error);
            await Task.Delay(MaxDelay / 10, time, stoppingToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Kind} {Id} {State} {Error}")]
    private partial void LogEnded(string kind, string id, string state, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Kind} {Id} failed for now and is tried again in {DelayMs} ms")]
    private partial void LogAttempt(Exception error, string kind, string id, double delayMs);

    [LoggerMessage(Level = LogLevel.Error, Message = "Jobs could not be looked after; tried again")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Job no longer watched: {Reason}")]
    private partial void LogWatchEnded(string reason);
}
