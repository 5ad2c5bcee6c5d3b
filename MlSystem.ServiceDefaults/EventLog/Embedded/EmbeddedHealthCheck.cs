using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>Degraded while a topic's file can't be opened and read.</summary>
internal sealed class EmbeddedHealthCheck(EmbeddedEventLog log) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            log.OpenExisting();
            return Task.FromResult(HealthCheckResult.Healthy());
        }
        catch (IOException error)
        {
            return Task.FromResult(HealthCheckResult.Degraded(error.Message));
        }
    }
}
