using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.ServiceDefaults.EventLog.Kafka;

/// <summary>Waits for the broker before the service is ready.</summary>
internal sealed class ReachKafka(KafkaEventLog log) : IStartupTask
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public string Name => "event log";

    public Task RunAsync(CancellationToken cancellationToken) => log.PingAsync(Timeout, cancellationToken);
}
