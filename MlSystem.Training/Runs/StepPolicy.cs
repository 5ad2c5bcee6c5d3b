using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Runs;

/// <summary>How a step is carried out: what the step says, else the pipeline, else the service.</summary>
/// <param name="Timeout">Of one attempt; null: none.</param>
/// <param name="RetriesTimeouts">Whether an attempt that took too long is followed by another: only where attempts are declared.</param>
internal sealed record StepPolicy(int Attempts, bool RetriesTimeouts, TimeSpan? Timeout, TimeSpan RetryDelay, TimeSpan MaxRetryDelay, ExecutorSpec Executor)
{
    private static readonly ExecutorSpec InProcess = new() { Kind = ExecutorKind.InProcess };

    public static StepPolicy Of(ExecutionSpec pipeline, string step, RunOptions options)
    {
        var own = pipeline.Steps.GetValueOrDefault(step);
        var attempts = own?.Attempts ?? pipeline.Attempts;
        var delay = Seconds(pipeline.RetryDelaySeconds) ?? options.RetryDelay;
        return new StepPolicy(
            attempts ?? options.StepAttempts,
            attempts is not null,
            Seconds(own?.TimeoutSeconds ?? pipeline.TimeoutSeconds),
            delay,
            Seconds(pipeline.MaxRetryDelaySeconds) ?? (delay > options.MaxRetryDelay ? delay : options.MaxRetryDelay),
            own?.Executor ?? pipeline.Executor ?? InProcess);
    }

    /// <summary>The wait behind a failed attempt (from 1).</summary>
    public TimeSpan Delay(int attempt)
    {
        var delay = RetryDelay * Math.Pow(2, Math.Min(attempt - 1, 30));
        return delay < MaxRetryDelay ? delay : MaxRetryDelay;
    }

    private static TimeSpan? Seconds(double? seconds) => seconds is { } value ? TimeSpan.FromSeconds(value) : null;
}
