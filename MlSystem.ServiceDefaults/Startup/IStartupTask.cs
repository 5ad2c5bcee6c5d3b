using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Startup;

/// <summary>
/// Something a service must have done before it is ready: migrate its database, reach a store, warm its models.
/// Tasks run in the order of registration and are retried with back-off until they succeed; <c>/health</c> answers 503
/// and names the pending ones until all are done. A <see cref="StartupFailureException"/> is not retried: it ends the process.
/// </summary>
public interface IStartupTask
{
    /// <summary>Shown in <c>/health</c> and the log.</summary>
    string Name { get; }

    Task RunAsync(CancellationToken cancellationToken);
}
