using Confluent.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlSystem.ServiceDefaults.EventLog.Kafka;

/// <summary>Degraded while the broker does not answer: appends wait or fail, reads pause, and both go on by themselves afterwards.</summary>
internal sealed class KafkaHealthCheck(KafkaEventLog log) : IHealthCheck
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await log.PingAsync(Timeout, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (KafkaException error)
        {
            return HealthCheckResult.Degraded($"Kafka does not answer: {error.Error.Reason}");
        }
    }
}
