using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlSystem.FeatureStore.Online;

/// <summary>A lost online store degrades this service: definitions, ingestion into the event log and historical reads still work.</summary>
public sealed class OnlineHealthCheck(OnlineState state) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(state.NotReadyReason is { } reason ? HealthCheckResult.Degraded(reason) : HealthCheckResult.Healthy());
}
