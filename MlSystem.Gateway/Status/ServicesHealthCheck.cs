using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlSystem.Gateway.Status;

/// <summary>The gateway is degraded while a service behind it is not healthy; it still answers for the others.</summary>
internal sealed class ServicesHealthCheck(StatusReader reader) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var status = await reader.ReadAsync(cancellationToken);
        var ill = status.Services.Skip(1).Where(service => service.State != "healthy").Select(service => $"{service.Name} is {service.State}").ToList();
        return ill.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded(string.Join(", ", ill));
    }
}
