using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Executors;

/// <summary>Runs a step where its definition says.</summary>
public sealed class StepExecutors(ChildExecutor child)
{
    public Task<StepFacts> RunAsync(IStep step, StepContext context, ExecutorSpec executor, CancellationToken cancellationToken) => executor.Kind switch
    {
        ExecutorKind.InProcess => Task.Run(() => step.RunAsync(context, cancellationToken), cancellationToken),
        ExecutorKind.ChildProcess => child.RunAsync(step, context, executor, cancellationToken),
        _ => throw new StepFailedException($"There is no executor '{executor.Kind}'."),
    };
}
