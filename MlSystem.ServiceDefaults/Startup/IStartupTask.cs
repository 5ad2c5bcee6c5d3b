namespace MlSystem.ServiceDefaults.Startup;

/// <summary>
/// Something a service must have done before it is ready: migrate its database, reach a store, warm its models.
/// Tasks run in the order of registration and are retried with back-off until they succeed; <c>/health</c> answers 503
/// and names the pending one until all are done.
/// </summary>
public interface IStartupTask
{
    /// <summary>Shown in <c>/health</c> and the log.</summary>
    string Name { get; }

    Task RunAsync(CancellationToken cancellationToken);
}
