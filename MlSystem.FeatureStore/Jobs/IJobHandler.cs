namespace MlSystem.FeatureStore.Jobs;

/// <summary>Does the jobs of one kind, one after the other. A job can begin again at any point after a crash: it continues behind its saved progress.</summary>
public interface IJobHandler
{
    string Kind { get; }

    /// <summary>Finished jobs that are kept; the oldest go first.</summary>
    int Keep => 1_000;

    /// <summary>Failed attempts are repeated without end.</summary>
    bool NeverGivesUp => false;

    /// <exception cref="JobFailedException">It can't succeed and is not tried again; any other exception is a failed attempt.</exception>
    Task RunAsync(JobRun job, CancellationToken cancellationToken);
}

/// <summary>A job can't succeed.</summary>
public sealed class JobFailedException(string message) : Exception(message);

/// <summary>A job that is being done.</summary>
public sealed class JobRun(JobRow row, Func<string, CancellationToken, Task> save, Func<string, CancellationToken, Task> replaceRequest)
{
    public string Id => row.Id;

    public string Request => row.Request;

    public string CreatedBy => row.CreatedBy;

    public long CreatedAtUs => row.CreatedAtUs;

    /// <summary>What <see cref="SaveAsync"/> saved last; null at the beginning.</summary>
    public string? Progress { get; private set; } = row.Progress;

    /// <summary>Takes out of the request what is not to be kept.</summary>
    public Task ReplaceRequestAsync(string request, CancellationToken cancellationToken) => replaceRequest(request, cancellationToken);

    /// <summary>Makes progress durable and tells it to whoever watches.</summary>
    public async Task SaveAsync(string progress, CancellationToken cancellationToken)
    {
        Progress = progress;
        await save(progress, cancellationToken);
    }
}
