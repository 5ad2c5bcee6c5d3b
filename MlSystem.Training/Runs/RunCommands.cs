using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>What a user may ask of a run.</summary>
public sealed class RunCommands(RunQueue queue, TimeProvider time)
{
    /// <summary>Cancels a queued run at once and asks the worker of a running one to stop.</summary>
    /// <returns>The run, or null when it is unknown or over.</returns>
    public Task<RunRow?> CancelAsync(string id, string principal, CancellationToken cancellationToken) => queue.ChangeAsync(
        r => r.Id == id && (r.State == RunState.Queued || r.State == RunState.Running),
        (context, run) =>
        {
            var now = time.GetUtcNow();
            if (run.State == RunState.Queued)
            {
                (run.FinishedAt, run.Error) = (now, $"Cancelled by {principal}.");
                RunJournal.Move(context, run, RunState.Cancelled, now);
            }
            else
            {
                (run.CancelRequested, run.Error) = (true, $"Cancelled by {principal}.");
                RunJournal.Write(context, run, RunEventType.State, new RunProgress { RunId = run.Id, Time = now, State = run.State, Message = $"Cancellation asked for by {principal}." });
            }

            return Task.CompletedTask;
        },
        cancellationToken);

    /// <summary>Puts a failed or cancelled run back into the queue; it goes on behind its last finished step.</summary>
    /// <returns>The run, or null when it is unknown, not over or succeeded.</returns>
    public Task<RunRow?> RetryAsync(string id, CancellationToken cancellationToken) => queue.ChangeAsync(
        r => r.Id == id && (r.State == RunState.Failed || r.State == RunState.Cancelled),
        (context, run) =>
        {
            (run.Error, run.FailedStep, run.FinishedAt, run.CancelRequested) = (null, null, null, false);
            RunJournal.Move(context, run, RunState.Queued, time.GetUtcNow(), "Asked to try again.");
            return Task.CompletedTask;
        },
        cancellationToken);
}
