using Microsoft.Extensions.Diagnostics.HealthChecks;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Inference.Protocols;

/// <summary>Serving over gRPC health as soon as start-up is complete.</summary>
internal sealed class StartupHealth(StartupRunner startup) : IHealthCheck
{
    public const string Name = "startup";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        startup.IsReady ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"waits for {string.Join(", ", startup.Pending)}: {startup.LastError}"));
}
