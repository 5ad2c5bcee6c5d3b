using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>Finds a damaged file before the service is ready.</summary>
internal sealed class OpenEmbeddedEventLog(EmbeddedEventLog log) : IStartupTask
{
    public string Name => "event log";

    public Task RunAsync(CancellationToken cancellationToken)
    {
        log.OpenExisting();
        return Task.CompletedTask;
    }
}
