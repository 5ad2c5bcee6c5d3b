using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Training.Executors;
using MlSystem.Training.Runs.Logs;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Runs;

/// <summary>Takes one step through its attempts, or takes its outputs over from an earlier run.</summary>
public sealed partial class StepRunner(
    RunLedger ledger, StepCache cache, StepExecutors executors, RunLog log, IOptions<RunOptions> options, TimeProvider time, ILogger<StepRunner> logger)
{
    /// <returns>The step's outputs; null when it failed, which is written as the run's end.</returns>
    internal async Task<IReadOnlyList<StepOutput>?> RunAsync(Turn turn, CancellationToken cancellationToken)
    {
        var policy = StepPolicy.Of(turn.Definition.Execution, turn.Step.Name, options.Value);
        var key = StepCache.Key(turn.Step, turn.Definition, turn.Done);
        for (var attempt = 1; ; attempt++)
        {
            RunLog.Enter(turn.Run.Id, turn.Step.Name, attempt);
            var (percentage, remaining) = turn.Estimate.At(turn.Index, 0);
            var number = await ledger.BeginStepAsync(turn.Lease, turn.Index, percentage, remaining, cancellationToken);
            var (outputs, error) = await TryAsync(turn, policy, key, attempt, number, cancellationToken);
            if (error is null)
            {
                return outputs;
            }

            var again = attempt < policy.Attempts && (IsTransient(error) || (error is StepTimeoutException && policy.RetriesTimeouts));
            LogAttemptFailed(turn.Run.Id, turn.Step.Name, attempt, error.Message, again);
            await ledger.FailAttemptAsync(turn.Lease, turn.Index, error.Message, again, percentage, cancellationToken);
            if (!again)
            {
                await ledger.FailAsync(turn.Lease, turn.Step.Name, $"Step {turn.Step.Name} failed: {error.Message}", cancellationToken);
                return null;
            }

            await Task.Delay(policy.Delay(attempt), time, cancellationToken);
        }
    }

    private async Task<(IReadOnlyList<StepOutput>? Outputs, Exception? Error)> TryAsync(Turn turn, StepPolicy policy, string? key, int attempt, int number, CancellationToken cancellationToken)
    {
        var progress = new StepProgress(turn, attempt, ledger, time);
        try
        {
            if (key is not null && await cache.TakeAsync(key, turn.Step.Name, turn.Folder, cancellationToken) is { } taken)
            {
                log.Write(LogLevel.Information, $"Taken over from run {taken.RunId}: same inputs, definition and program.");
                return await FinishAsync(turn, StepFacts.None, taken.Outputs, [], key, taken.RunId, executor: null, cancellationToken);
            }

            log.Write(LogLevel.Information, $"Attempt {attempt} begins ({policy.Executor.Kind}).");
            var context = new StepContext(turn.Run, turn.Definition, turn.Folder, turn.Folder.Begin(turn.Step.Name), progress) { Attempt = number };
            var facts = await ExecuteAsync(turn.Step, context, policy, cancellationToken);
            await progress.StopAsync();
            var outputs = await turn.Folder.CommitAsync(turn.Step.Name, cancellationToken);
            return await FinishAsync(turn, facts, outputs, Inputs(turn, context), key, cachedFrom: null, policy.Executor.Kind, cancellationToken);
        }
        catch (Exception error) when (error is not LeaseLostException && !cancellationToken.IsCancellationRequested)
        {
            await progress.StopAsync();
            return (null, error);
        }
    }

    private async Task<StepFacts> ExecuteAsync(IStep step, StepContext context, StepPolicy policy, CancellationToken cancellationToken)
    {
        using var clock = policy.Timeout is { } limit ? new CancellationTokenSource(limit, time) : new CancellationTokenSource();
        using var both = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        try
        {
            return await executors.RunAsync(new StepCall(step, context, policy.Executor, policy.Timeout, clock.Token), both.Token);
        }
        catch (Exception) when (clock.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StepTimeoutException(policy.Timeout!.Value);
        }
    }

    private async Task<(IReadOnlyList<StepOutput>? Outputs, Exception? Error)> FinishAsync(
        Turn turn, StepFacts facts, IReadOnlyList<StepOutput> outputs, IReadOnlyList<StepInput> inputs, string? key, string? cachedFrom, string? executor, CancellationToken cancellationToken)
    {
        var (percentage, remaining) = turn.Estimate.At(turn.Index, 1);
        var result = new StepResult(outputs, facts.Model, facts.ModelVersion, facts.TrackingRunId) { Inputs = inputs, CacheKey = key, CachedFrom = cachedFrom, Executor = executor };
        await ledger.FinishStepAsync(turn.Lease, turn.Index, result, percentage, remaining, cancellationToken);
        log.Write(LogLevel.Information, $"Finished with {outputs.Count} files.");
        return (outputs, null);
    }

    /// <summary>What was read, with the hashes that were recorded when it was written.</summary>
    private static List<StepInput> Inputs(Turn turn, StepContext context)
    {
        var known = turn.Done.SelectMany(d => d.Outputs.Select(o => ((d.Step, o.Path), o.Sha256))).ToDictionary(o => o.Item1, o => o.Sha256);
        return [.. context.Read.Where(known.ContainsKey).Select(r => new StepInput(r.Step, r.File, known[r]))];
    }

    /// <summary>A timeout of an <see cref="HttpClient"/> is a cancellation that nobody asked for.</summary>
    internal static bool IsTransient(Exception error) =>
        error is TransientStepException or HttpRequestException or TimeoutException or OperationCanceledException or DbException or DbUpdateException;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {Run}: step {Step}, attempt {Attempt} failed: {Reason}; again: {Again}")]
    private partial void LogAttemptFailed(string run, string step, int attempt, string reason, bool again);
}

/// <summary>An attempt took longer than the definition allows.</summary>
public sealed class StepTimeoutException(TimeSpan limit)
    : Exception(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"it took longer than its timeout of {limit.TotalSeconds:0.###} s"));
