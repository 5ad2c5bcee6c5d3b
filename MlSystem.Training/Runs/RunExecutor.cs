using System.Data.Common;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>Takes a claimed run from its last finished step to its end.</summary>
public sealed partial class RunExecutor(
    RunLedger ledger, RunReader reader, PipelineStore pipelines, StepPlan plan, DataDirectory data, IOptions<RunOptions> options, TimeProvider time, ILogger<RunExecutor> logger)
{
    /// <param name="stopping">Cancelled when the run was cancelled, the lease is lost or the process stops: the caller knows which and writes it.</param>
    public async Task ExecuteAsync(RunLease lease, CancellationToken stopping)
    {
        var run = await reader.RequireAsync(lease.RunId, stopping);
        var steps = plan.For(run);
        string[] names = [.. steps.Select(s => s.Name)];
        (run, var rows) = await ledger.OpenAsync(lease, names, stopping);
        var definition = await pipelines.RequireAsync(run.Pipeline, run.PipelineVersion, stopping);
        var folder = new RunFolder(Path.Combine(data.Own, "runs", run.Id), names);
        var estimate = new RunEstimate(steps, await reader.LastDurationsAsync(run.Pipeline, stopping), time);
        for (var index = await FirstOpenAsync(lease, rows, folder, stopping); index < steps.Count; index++)
        {
            if (!await RunStepAsync(new Turn(lease, run, definition, folder, estimate, steps[index], index), stopping))
            {
                return;
            }
        }

        await ledger.SucceedAsync(lease, stopping);
        LogSucceeded(run.Id, run.Pipeline);
    }

    /// <summary>The step to go on with: the first that is not finished or whose outputs are no longer what was recorded.</summary>
    private async Task<int> FirstOpenAsync(RunLease lease, IReadOnlyList<StepRow> rows, RunFolder folder, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            if (row.State != StepState.Succeeded)
            {
                return row.Index;
            }

            var outputs = JsonSerializer.Deserialize(row.Outputs!, TrainingJson.Default.IReadOnlyListStepOutput)!;
            if (!await folder.IsIntactAsync(row.Name, outputs, cancellationToken))
            {
                LogOutputsGone(lease.RunId, row.Name);
                await ledger.ResetFromAsync(lease, row.Index, cancellationToken);
                return row.Index;
            }
        }

        return rows.Count;
    }

    private async Task<bool> RunStepAsync(Turn turn, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (percentage, remaining) = turn.Estimate.At(turn.Index, 0);
            await ledger.BeginStepAsync(turn.Lease, turn.Index, percentage, remaining, cancellationToken);
            var error = await TryAsync(turn, attempt, cancellationToken);
            if (error is null)
            {
                return true;
            }

            var again = IsTransient(error) && attempt < options.Value.StepAttempts;
            LogAttemptFailed(turn.Run.Id, turn.Step.Name, attempt, error.Message, again);
            await ledger.FailAttemptAsync(turn.Lease, turn.Index, error.Message, again, percentage, cancellationToken);
            if (!again)
            {
                await ledger.FailAsync(turn.Lease, turn.Step.Name, $"Step {turn.Step.Name} failed: {error.Message}", cancellationToken);
                return false;
            }

            await Task.Delay(Delay(attempt), time, cancellationToken);
        }
    }

    private async Task<Exception?> TryAsync(Turn turn, int attempt, CancellationToken cancellationToken)
    {
        var progress = new StepProgress(turn, attempt, ledger, time);
        try
        {
            var context = new StepContext(turn.Run, turn.Definition, turn.Folder, turn.Folder.Begin(turn.Step.Name), progress);
            var facts = await Task.Run(() => turn.Step.RunAsync(context, cancellationToken), cancellationToken);
            await progress.StopAsync();
            var outputs = await turn.Folder.CommitAsync(turn.Step.Name, cancellationToken);
            var (percentage, remaining) = turn.Estimate.At(turn.Index, 1);
            await ledger.FinishStepAsync(
                turn.Lease, turn.Index, new StepResult(outputs, facts.Model, facts.ModelVersion, facts.TrackingRunId), percentage, remaining, cancellationToken);
            return null;
        }
        catch (Exception error) when (error is not LeaseLostException && !cancellationToken.IsCancellationRequested)
        {
            await progress.StopAsync();
            return error;
        }
    }

    private TimeSpan Delay(int attempt)
    {
        var delay = options.Value.RetryDelay * Math.Pow(2, Math.Min(attempt - 1, 30));
        return delay < options.Value.MaxRetryDelay ? delay : options.Value.MaxRetryDelay;
    }

    /// <summary>A timeout of an <see cref="HttpClient"/> is a cancellation that nobody asked for.</summary>
    private static bool IsTransient(Exception error) =>
        error is TransientStepException or HttpRequestException or TimeoutException or OperationCanceledException or DbException or DbUpdateException;

    [LoggerMessage(Level = LogLevel.Information, Message = "Run {Run} of pipeline {Pipeline} succeeded")]
    private partial void LogSucceeded(string run, string pipeline);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {Run}: step {Step}, attempt {Attempt} failed: {Reason}; again: {Again}")]
    private partial void LogAttemptFailed(string run, string step, int attempt, string reason, bool again);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {Run}: outputs of step {Step} are gone or changed; it is done again")]
    private partial void LogOutputsGone(string run, string step);
}

/// <summary>One step of one run, as the executor holds it.</summary>
internal sealed record Turn(RunLease Lease, RunRow Run, PipelineDefinition Definition, RunFolder Folder, RunEstimate Estimate, IStep Step, int Index);
