using k8s.Models;
using MlSystem.Training.Runs.Logs;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Executors.Kubernetes;

/// <summary>Follows a Job to its end: watches its state, and passes on what its step tells on the shared volume. An API that is away for a while stops neither.</summary>
internal sealed class JobFollower(JobClient client, JobFiles files, RunLog log, TimeProvider time, TimeSpan volumeDelay)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private StepMessage? _last;
    private string? _toldUnscheduled;

    /// <returns>The Job at its end and the step's last word; null when it ended without one.</returns>
    public async Task<(V1Job Job, StepMessage? Last)> FollowAsync(V1Job job, StepCall call, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = WatchAsync(job, over.Token);
        try
        {
            while (!watching.IsCompleted)
            {
                await ListenAsync(call, cancellationToken);
                await Task.WhenAny(watching, Task.Delay(LookInterval, time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }

            return (await watching, await LastWordAsync(await watching, call, cancellationToken));
        }
        finally
        {
            await over.CancelAsync();
            await ((Task)watching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<V1Job> WatchAsync(V1Job job, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                job = await client.ReadAsync(job.Name(), cancellationToken);
                if (JobOutcome.IsOver(job))
                {
                    return job;
                }

                await LookAtPodAsync(job, cancellationToken);
                await client.WatchAsync(job, cancellationToken);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested && JobClient.MayPass(error))
            {
                log.Write(LogLevel.Warning, $"The cluster does not answer ({error.Message}); its Job goes on.");
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    private async Task LookAtPodAsync(V1Job job, CancellationToken cancellationToken)
    {
        var pod = await client.PodAsync(job.Name(), cancellationToken);
        if (JobOutcome.Stuck(pod) is { } reason)
        {
            throw new StuckJobException(reason);
        }

        if (JobOutcome.Unscheduled(pod) is { } waiting && waiting != _toldUnscheduled)
        {
            _toldUnscheduled = waiting;
            log.Write(LogLevel.Warning, $"Its pod waits for a node: {waiting}");
        }
    }

    private async Task ListenAsync(StepCall call, CancellationToken cancellationToken)
    {
        foreach (var message in await files.ReadNewAsync(cancellationToken))
        {
            switch (message)
            {
                case { Progress: { } share }:
                    call.Context.Progress.Report(share);
                    break;
                case { Log: { } line }:
                    log.Write(LogLevel.Information, line);
                    break;
                default:
                    _last = message;
                    break;
            }
        }
    }

    /// <summary>What was written last may be seen here later than the Job's end: network volumes cache.</summary>
    private async Task<StepMessage?> LastWordAsync(V1Job job, StepCall call, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            await ListenAsync(call, cancellationToken);
            if (_last is not null || JobOutcome.IsFailed(job))
            {
                return _last;
            }

            if (time.GetElapsedTime(start) > volumeDelay)
            {
                throw new TransientStepException($"its Job {job.Name()} is complete, but its result is not in {files.Folder}: is that folder on the shared volume?");
            }

            await Task.Delay(LookInterval, time, cancellationToken);
        }
    }
}

/// <summary>A Job that does not get anywhere and is to be deleted.</summary>
internal sealed class StuckJobException(Exception reason) : Exception(reason.Message)
{
    public Exception Reason => reason;
}
