using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>Finds a damaged file before the service is ready.</summary>
internal sealed class OpenEmbeddedEventLog(EmbeddedEventLog log) : IStartupTask
{
    public string Name => "event log";

    public Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            log.OpenExisting();
            return Task.CompletedTask;
        }
        catch (EventLogCorruptException damaged)
        {
            // Trying again would not mend it.
            throw new StartupFailureException(damaged.Message, damaged);
        }
    }
}
