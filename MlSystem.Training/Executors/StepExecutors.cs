using MlSystem.Training.Executors.Kubernetes;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Executors;

/// <summary>Runs a step where its definition says.</summary>
public sealed class StepExecutors(ChildExecutor child, KubernetesExecutor kubernetes)
{
    public Task<StepFacts> RunAsync(StepCall call, CancellationToken cancellationToken) => call.Executor.Kind switch
    {
        ExecutorKind.InProcess => Task.Run(() => call.Step.RunAsync(call.Context, cancellationToken), cancellationToken),
        ExecutorKind.ChildProcess => child.RunAsync(call.Step, call.Context, call.Executor, cancellationToken),
        ExecutorKind.Kubernetes => kubernetes.RunAsync(call, cancellationToken),
        _ => throw new StepFailedException($"There is no executor '{call.Executor.Kind}'."),
    };
}
