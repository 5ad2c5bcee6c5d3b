using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Executors;

/// <summary>One attempt of a step, as an executor is asked for it.</summary>
/// <param name="Timeout">Longest time of the attempt; null: none.</param>
/// <param name="TimedOut">Cancelled when that time is over: then nothing of the attempt may go on.</param>
public sealed record StepCall(IStep Step, StepContext Context, ExecutorSpec Executor, TimeSpan? Timeout, CancellationToken TimedOut);
