using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlSystem.Inference.Routing;

/// <summary>Degraded while the registry can't be followed; what is served stays.</summary>
internal sealed class RegistryHealth(EndpointWatcher watcher) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        watcher.Problem is { } problem ? HealthCheckResult.Degraded($"the registry can't be followed, what is served stays: {problem}") : HealthCheckResult.Healthy());
}
