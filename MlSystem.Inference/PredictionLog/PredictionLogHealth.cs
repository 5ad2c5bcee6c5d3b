using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlSystem.Inference.PredictionLog;

/// <summary>Degraded while predictions can't be written to the event log; they wait, and beyond the bound they are dropped and counted.</summary>
internal sealed class PredictionLogHealth(PredictionLogger log) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        log.Problem is { } problem ? HealthCheckResult.Degraded($"predictions can't be written to the event log: {problem}") : HealthCheckResult.Healthy());
}
