using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MlSystem.Contracts;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Registry.Lineage;

/// <summary>Consumes alerts; the offset is committed after the database has them.</summary>
internal sealed class AlertHandler(EventHandlerContext context, LineageStore store, ILogger<AlertHandler> logger) : EventHandlerService(context, Topics.Alerts, LineageEvents.Group)
{
    protected override Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        var (alerts, rejected) = LineageEvents.Read(Topics.Alerts, events, ContractsJson.Default.AlertEvent, EventTypes.Alert, a => a.AlertId, logger);
        return store.AddAlertsAsync(alerts, rejected, cancellationToken);
    }
}

/// <summary>Consumes the states of the training service's runs.</summary>
internal sealed class RunHandler(EventHandlerContext context, LineageStore store, ILogger<RunHandler> logger) : EventHandlerService(context, Topics.Runs, LineageEvents.Group)
{
    protected override Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        var (runs, rejected) = LineageEvents.Read(Topics.Runs, events, ContractsJson.Default.RunEvent, EventTypes.Run, r => r.RunId, logger);
        return store.AddRunsAsync(runs, rejected, cancellationToken);
    }
}

/// <summary>Turns stored events into records; what can't be turned is put aside with its reason.</summary>
internal static partial class LineageEvents
{
    /// <summary>The consumer group on both topics.</summary>
    public const string Group = "registry-lineage";

    public static (List<T> Records, List<RejectedEvent> Rejected) Read<T>(
        string topic, IReadOnlyList<StoredEvent> events, JsonTypeInfo<T> type, string eventType, Func<T, string> id, ILogger logger)
        where T : class
    {
        var (records, rejected) = (new List<T>(events.Count), new List<RejectedEvent>());
        foreach (var e in events)
        {
            if (Read(e, type, eventType, id, out var reason) is { } record)
            {
                records.Add(record);
                continue;
            }

            LogRejected(logger, topic, e.Partition, e.Offset, reason);
            rejected.Add(new()
            {
                Topic = topic, Partition = e.Partition, Offset = e.Offset, Reason = reason, Payload = e.Event.Value.ToArray(), Time = e.Time.ToUnixTimeMilliseconds(),
            });
        }

        return (records, rejected);
    }

    private static T? Read<T>(StoredEvent e, JsonTypeInfo<T> type, string eventType, Func<T, string> id, out string reason)
        where T : class
    {
        if (e.Event.Headers.TryGetValue("ce_type", out var actual) && actual != eventType)
        {
            reason = $"type is '{actual}' instead of '{eventType}'";
            return null;
        }

        try
        {
            var record = JsonSerializer.Deserialize(e.Event.Value.Span, type);
            reason = record is null ? "the payload is null" : string.IsNullOrEmpty(id(record)) ? "the id is empty" : "";
            return reason.Length == 0 ? record : null;
        }
        catch (JsonException error)
        {
            reason = error.Message;
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Event {Partition}/{Offset} of {Topic} can't be read and is put aside: {Reason}")]
    private static partial void LogRejected(ILogger logger, string topic, int partition, long offset, string reason);
}
