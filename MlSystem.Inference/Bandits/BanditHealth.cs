using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlSystem.Inference.Bandits;

/// <summary>Degraded while feedback can't be read; bandits go on with what they know.</summary>
internal sealed class BanditHealth(FeedbackFollower follower) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        follower.Problem is { } problem ? HealthCheckResult.Degraded($"feedback can't be read for the bandits: {problem}") : HealthCheckResult.Healthy());
}
