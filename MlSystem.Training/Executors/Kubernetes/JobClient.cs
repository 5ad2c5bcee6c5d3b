using System.Net;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Models;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Executors.Kubernetes;

/// <summary>Jobs and their pods over the cluster's API.</summary>
internal sealed class JobClient(IKubernetes client, string space)
{
    /// <summary>Length of one watch, in seconds; the state is read anew between two.</summary>
    private const int WatchSeconds = 30;

    /// <summary>The newest Job of a step that is under way or done: one that an earlier worker of the run started.</summary>
    public async Task<V1Job?> FindAsync(string run, string step, CancellationToken cancellationToken) =>
        (await AskAsync(() => client.BatchV1.ListNamespacedJobAsync(space, labelSelector: StepJob.Selector(run, step), cancellationToken: cancellationToken)))
        .Items.Where(j => j.Metadata.DeletionTimestamp is null && !JobOutcome.IsFailed(j)).MaxBy(j => j.Metadata.CreationTimestamp);

    /// <summary>Creates a Job; one of that name is it.</summary>
    public async Task<V1Job> CreateAsync(V1Job job, CancellationToken cancellationToken)
    {
        try
        {
            return await client.BatchV1.CreateNamespacedJobAsync(job, space, cancellationToken: cancellationToken);
        }
        catch (HttpOperationException error) when (error.Response?.StatusCode == HttpStatusCode.Conflict)
        {
            return await ReadAsync(job.Name(), cancellationToken);
        }
        catch (HttpOperationException error)
        {
            throw Explain(error);
        }
    }

    /// <exception cref="TransientStepException">It is gone.</exception>
    public async Task<V1Job> ReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await client.BatchV1.ReadNamespacedJobAsync(name, space, cancellationToken: cancellationToken);
        }
        catch (HttpOperationException error) when (error.Response?.StatusCode == HttpStatusCode.NotFound)
        {
            throw new TransientStepException($"its Job {name} was deleted");
        }
        catch (HttpOperationException error)
        {
            throw Explain(error);
        }
    }

    /// <summary>Returns at the Job's next change, or after a while.</summary>
    public async Task WatchAsync(V1Job job, CancellationToken cancellationToken)
    {
        var changes = client.BatchV1.WatchListNamespacedJobAsync(
            space, fieldSelector: $"metadata.name={job.Name()}", resourceVersion: job.ResourceVersion(), timeoutSeconds: WatchSeconds, cancellationToken: cancellationToken);
        await foreach (var (type, _) in changes.WithCancellation(cancellationToken))
        {
            if (type != WatchEventType.Bookmark)
            {
                return;
            }
        }
    }

    /// <summary>The pod of a Job; null when there is none.</summary>
    public async Task<V1Pod?> PodAsync(string job, CancellationToken cancellationToken) =>
        (await AskAsync(() => client.CoreV1.ListNamespacedPodAsync(space, labelSelector: $"batch.kubernetes.io/job-name={job}", cancellationToken: cancellationToken)))
        .Items.MaxBy(p => p.Metadata.CreationTimestamp);

    /// <summary>Ends a Job and its pod; none is fine.</summary>
    public async Task DeleteAsync(string job, CancellationToken cancellationToken)
    {
        try
        {
            await client.BatchV1.DeleteNamespacedJobAsync(job, space, propagationPolicy: "Background", cancellationToken: cancellationToken);
        }
        catch (HttpOperationException error) when (error.Response?.StatusCode == HttpStatusCode.NotFound)
        {
            // Somebody was faster.
        }
    }

    /// <summary>Whether the API may answer later: then what it was asked is asked again.</summary>
    public static bool MayPass(Exception error) => error switch
    {
        HttpOperationException answered => (int?)answered.Response?.StatusCode is null or 408 or 410 or 429 or >= 500,
        HttpRequestException or IOException or TimeoutException or KubernetesException => true,
        OperationCanceledException => true,
        _ => false,
    };

    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (HttpOperationException error)
        {
            throw Explain(error);
        }
    }

    private static Exception Explain(HttpOperationException error)
    {
        var message = $"the cluster answered {(int?)error.Response?.StatusCode}: {Message(error.Response?.Content)}";
        return MayPass(error) ? new HttpRequestException(message) : new StepFailedException(message);
    }

    /// <summary>What the API says in its own words.</summary>
    private static string Message(string? content)
    {
        try
        {
            using var status = JsonDocument.Parse(content ?? "");
            return status.RootElement.TryGetProperty("message", out var message) ? message.GetString() ?? "" : content!;
        }
        catch (JsonException)
        {
            return content ?? "nothing";
        }
    }
}
