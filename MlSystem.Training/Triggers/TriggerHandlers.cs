using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Triggers;

/// <summary>Alerts as triggers; of the replicas each event reaches one.</summary>
internal sealed class AlertHandler(EventHandlerContext context, EventTriggers triggers, StoreReady store, ILogger<AlertHandler> logger)
    : TriggerHandler(context, Topics.Alerts, store, logger)
{
    protected override Task OneAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize(payload.Span, ContractsJson.Default.AlertEvent) is { } alert ? triggers.AlertAsync(alert, cancellationToken) : Task.CompletedTask;
}

/// <summary>Ended runs as triggers of the pipelines behind them.</summary>
internal sealed class RunHandler(EventHandlerContext context, EventTriggers triggers, StoreReady store, ILogger<RunHandler> logger)
    : TriggerHandler(context, Topics.Runs, store, logger)
{
    protected override Task OneAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize(payload.Span, ContractsJson.Default.RunEvent) is { } run ? triggers.RunEndedAsync(run, cancellationToken) : Task.CompletedTask;
}

/// <summary>Hands events to triggers; what cannot be read is logged and left behind.</summary>
internal abstract partial class TriggerHandler(EventHandlerContext context, string topic, StoreReady store, ILogger logger)
    : EventHandlerService(context, topic, "training-triggers")
{
    protected abstract Task OneAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken);

    protected sealed override async Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        await store.WaitAsync(cancellationToken);
        foreach (var stored in events)
        {
            try
            {
                await OneAsync(stored.Event.Value, cancellationToken);
            }
            catch (JsonException error)
            {
                LogUnreadable(logger, stored.Partition, stored.Offset, error.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The event at partition {Partition}, offset {Offset} cannot be read and triggers nothing: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, int partition, long offset, string reason);
}
