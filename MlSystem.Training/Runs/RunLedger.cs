using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>What a worker writes about the run that it holds. Every call throws <see cref="LeaseLostException"/> when it no longer holds it.</summary>
public sealed class RunLedger(RunQueue queue, IDbContextFactory<TrainingContext> contexts, TimeProvider time)
{
    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Reads the run and its steps; steps that are not recorded yet are added as pending.</summary>
    public async Task<(RunRow Run, IReadOnlyList<StepRow> Steps)> OpenAsync(RunLease lease, IReadOnlyList<string> steps, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var run = await context.Runs.SingleOrDefaultAsync(RunQueue.Held(lease), cancellationToken) ?? throw new LeaseLostException(lease.RunId);
        var rows = await context.Steps.Where(s => s.RunId == lease.RunId).OrderBy(s => s.Index).ToListAsync(cancellationToken);
        for (var index = rows.Count; index < steps.Count; index++)
        {
            rows.Add(context.Steps.Add(new StepRow { RunId = lease.RunId, Index = index, Name = steps[index], State = StepState.Pending }).Entity);
        }

        await context.SaveChangesAsync(cancellationToken);
        return (run, rows);
    }

    /// <returns>Which attempt of the step this is, from 1, over all workers and retries.</returns>
    public async Task<int> BeginStepAsync(RunLease lease, int index, double percentage, double? remaining, CancellationToken cancellationToken)
    {
        var attempt = 0;
        await StepAsync(lease, index, percentage, remaining, (_, step) =>
        {
            step.State = StepState.Running;
            attempt = ++step.Attempts;
            step.StartedAt = Now;
            step.FinishedAt = null;
            step.Error = null;
        }, cancellationToken);
        return attempt;
    }

    public Task FinishStepAsync(RunLease lease, int index, StepResult result, double percentage, double? remaining, CancellationToken cancellationToken) =>
        StepAsync(lease, index, percentage, remaining, (run, step) =>
        {
            Close(step, StepState.Succeeded, error: null);
            step.Outputs = JsonSerializer.Serialize(result.Outputs, TrainingJson.Default.IReadOnlyListStepOutput);
            step.Inputs = JsonSerializer.Serialize(result.Inputs, TrainingJson.Default.IReadOnlyListStepInput);
            (step.CacheKey, step.CachedFrom, step.Executor) = (result.CacheKey, result.CachedFrom, result.Executor);
            run.Model = result.Model ?? run.Model;
            run.ModelVersion = result.ModelVersion ?? run.ModelVersion;
            run.TrackingRunId = result.TrackingRunId ?? run.TrackingRunId;
        }, cancellationToken);

    /// <summary>An attempt failed; <paramref name="again"/> tells whether another one follows.</summary>
    public Task FailAttemptAsync(RunLease lease, int index, string error, bool again, double percentage, CancellationToken cancellationToken) =>
        StepAsync(lease, index, percentage, remaining: null, (_, step) => Close(step, again ? StepState.Waiting : StepState.Failed, error), cancellationToken);

    public Task ProgressAsync(RunLease lease, string step, int attempt, double percentage, double? remaining, CancellationToken cancellationToken) =>
        ChangeAsync(lease, (context, run) => RunJournal.Write(context, run, RunEventType.Progress, new RunProgress
        {
            RunId = run.Id,
            Time = Now,
            State = run.State,
            Step = step,
            StepState = StepState.Running,
            Attempt = attempt,
            Percentage = percentage,
            RemainingSeconds = remaining,
        }), cancellationToken);

    /// <summary>Sets a step and all behind it back, because outputs of it are gone or changed.</summary>
    public async Task ResetFromAsync(RunLease lease, int index, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Steps.Where(s => s.RunId == lease.RunId && s.Index >= index)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.State, StepState.Pending).SetProperty(s => s.Outputs, (string?)null), cancellationToken);
    }

    public Task SucceedAsync(RunLease lease, CancellationToken cancellationToken) =>
        ChangeAsync(lease, (context, run) => End(context, run, RunState.Succeeded), cancellationToken);

    public Task FailAsync(RunLease lease, string? step, string error, CancellationToken cancellationToken) =>
        ChangeAsync(lease, (context, run) =>
        {
            (run.FailedStep, run.Error) = (step, error);
            End(context, run, RunState.Failed);
        }, cancellationToken);

    public Task CancelAsync(RunLease lease, CancellationToken cancellationToken) =>
        ChangeAsync(lease, (context, run) => End(context, run, RunState.Cancelled), cancellationToken);

    /// <summary>Gives the run back to the queue: this worker stops before it is done.</summary>
    public Task ReleaseAsync(RunLease lease, CancellationToken cancellationToken) =>
        ChangeAsync(lease, (context, run) =>
        {
            (run.LeaseOwner, run.LeaseUntil) = (null, null);
            RunJournal.Move(context, run, RunState.Queued, Now, "The worker stopped; the run goes on with the next one.");
        }, cancellationToken);

    private void End(TrainingContext context, RunRow run, string state)
    {
        (run.LeaseOwner, run.LeaseUntil, run.FinishedAt) = (null, null, Now);
        RunJournal.Move(context, run, state, Now);
    }

    private void Close(StepRow step, string state, string? error)
    {
        step.State = state;
        step.Error = error;
        step.FinishedAt = Now;
        step.DurationMilliseconds = (long)(Now - step.StartedAt!.Value).TotalMilliseconds;
    }

    private async Task ChangeAsync(RunLease lease, Action<TrainingContext, RunRow> change, CancellationToken cancellationToken) =>
        _ = await queue.ChangeAsync(
            RunQueue.Held(lease),
            (context, run) =>
            {
                change(context, run);
                return Task.CompletedTask;
            },
            cancellationToken) ?? throw new LeaseLostException(lease.RunId);

    private async Task StepAsync(
        RunLease lease, int index, double percentage, double? remaining, Action<RunRow, StepRow> change, CancellationToken cancellationToken) =>
        _ = await queue.ChangeAsync(
            RunQueue.Held(lease),
            async (context, run) =>
            {
                var step = await context.Steps.SingleAsync(s => s.RunId == lease.RunId && s.Index == index, cancellationToken);
                change(run, step);
                RunJournal.Write(context, run, RunEventType.Step, new RunProgress
                {
                    RunId = run.Id,
                    Time = Now,
                    State = run.State,
                    Step = step.Name,
                    StepState = step.State,
                    Attempt = step.Attempts,
                    Percentage = percentage,
                    RemainingSeconds = remaining,
                    Message = step.Error,
                });
            },
            cancellationToken) ?? throw new LeaseLostException(lease.RunId);
}
