using System.Globalization;
using k8s.Models;
using MlSystem.Training.Runs;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Executors.Kubernetes;

/// <summary>What became of a Job, in words that a user can act on.</summary>
internal static class JobOutcome
{
    /// <summary>Reasons for which a container never starts, whatever time passes.</summary>
    private static readonly string[] Hopeless = ["InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull"];

    /// <summary>Reasons that a registry which comes back mends.</summary>
    private static readonly string[] Pulls = ["ImagePullBackOff", "ErrImagePull"];

    public static bool IsComplete(V1Job job) => Has(job, "Complete");

    public static bool IsFailed(V1Job job) => Has(job, "Failed");

    public static bool IsOver(V1Job job) => IsComplete(job) || IsFailed(job);

    /// <summary>Why a Job that failed without a word of its step did so.</summary>
    /// <param name="pod">Its pod; null when it is gone.</param>
    public static Exception Failure(V1Job job, V1Pod? pod, TimeSpan? timeout, int? memoryMb)
    {
        var condition = job.Status?.Conditions?.FirstOrDefault(c => c is { Type: "Failed", Status: "True" });
        if (condition?.Reason == "DeadlineExceeded")
        {
            return timeout is { } limit ? new StepTimeoutException(limit) : new TransientStepException($"its Job {job.Name()} was ended by a deadline: {condition.Message}");
        }

        if (pod?.Status is { Reason: "Evicted" } evicted)
        {
            return new TransientStepException($"its pod {pod.Name()} was evicted from its node: {evicted.Message}");
        }

        var ended = Step(pod)?.State?.Terminated ?? Step(pod)?.LastState?.Terminated;
        if (ended?.Reason == "OOMKilled")
        {
            return new StepFailedException(string.Create(CultureInfo.InvariantCulture, $"its container ran out of memory{(memoryMb is { } limit ? $": the limit is {limit} MiB" : "")} (pod {pod!.Name()}, OOMKilled)"));
        }

        if (pod?.Status?.Conditions?.FirstOrDefault(c => c is { Type: "DisruptionTarget", Status: "True" }) is { } disruption)
        {
            return new TransientStepException($"its pod {pod.Name()} was taken from its node ({disruption.Reason}): {disruption.Message}");
        }

        return ended is null
            ? new TransientStepException($"its Job {job.Name()} failed ({condition?.Reason ?? "no reason"}) and its pod is gone: {condition?.Message}")
            : new StepFailedException(string.Create(CultureInfo.InvariantCulture, $"its container ended with code {ended.ExitCode}{(ended.Reason is { } reason ? $" ({reason})" : "")} before it was done: {ended.Message ?? $"see the log of pod {pod!.Name()}"}"));
    }

    /// <summary>Why a pod that waits will not start; null while it may.</summary>
    public static Exception? Stuck(V1Pod? pod)
    {
        var waiting = Step(pod)?.State?.Waiting;
        if (waiting?.Reason is { } hopeless && Hopeless.Contains(hopeless, StringComparer.Ordinal))
        {
            return new StepFailedException($"its container cannot start ({hopeless}): {waiting.Message}");
        }

        return waiting?.Reason is { } pull && Pulls.Contains(pull, StringComparer.Ordinal)
            ? new TransientStepException($"its image {Step(pod)!.Image} cannot be pulled ({pull}): {waiting.Message}")
            : null;
    }

    /// <summary>Why a pod has no node yet; null when it has one.</summary>
    public static string? Unscheduled(V1Pod? pod) =>
        pod?.Status?.Conditions?.FirstOrDefault(c => c is { Type: "PodScheduled", Status: "False" }) is { } condition ? $"{condition.Reason}: {condition.Message}" : null;

    private static V1ContainerStatus? Step(V1Pod? pod) => pod?.Status?.ContainerStatuses?.FirstOrDefault(c => c.Name == StepJob.Container);

    private static bool Has(V1Job job, string type) => job.Status?.Conditions?.Any(c => c.Type == type && c.Status == "True") == true;
}
