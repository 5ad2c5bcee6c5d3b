using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MlSystem.Contracts;
using MlSystem.Monitor.Storage;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Monitor.Ingestion;

/// <summary>Turns stored events into records; what can't be turned is put aside with its reason.</summary>
internal static class EventReader
{
    /// <summary>Null when the event has no readable predictions: then <paramref name="reason"/> says why.</summary>
    public static Arrival? Predictions(StoredEvent e, out string reason) =>
        e.Event.Headers.GetValueOrDefault("ce_type") == EventTypes.PredictionBatch ? Batch(e, out reason)
        : Prediction(e, out reason) is { } prediction ? Arrival.Of(prediction, e.Event.Value)
        : null;

    /// <summary>The form of one request an event, of logs that an older version wrote.</summary>
    private static PredictionEvent? Prediction(StoredEvent e, out string reason) =>
        Read(e, ContractsJson.Default.PredictionEvent, EventTypes.Prediction, out reason) is not { } prediction ? null
        : Check(prediction.RequestId.Length > 0, "request_id is empty", ref reason)
            && Check(prediction.Endpoint.Length > 0, "endpoint is empty", ref reason)
            && Check(prediction.Rows >= 0, $"rows is {prediction.Rows}, below 0", ref reason) ? prediction
        : null;

    /// <summary>Null when the event is not a readable feedback: then <paramref name="reason"/> says why.</summary>
    public static FeedbackEvent? Feedback(StoredEvent e, out string reason) =>
        Read(e, ContractsJson.Default.FeedbackEvent, EventTypes.Feedback, out reason) is not { } feedback ? null
        : Check(feedback.RequestId.Length > 0, "request_id is empty", ref reason)
            && Check(feedback.FeedbackId.Length > 0, "feedback_id is empty", ref reason)
            && Check(feedback.Row >= 0, $"row is {feedback.Row}, below 0", ref reason)
            && Check(feedback.Label is not null || feedback.Reward is not null, "neither label nor reward is set", ref reason) ? feedback
        : null;

    public static RejectedRow Rejected(string topic, StoredEvent e, string reason) => new()
    {
        Topic = topic,
        Partition = e.Partition,
        Offset = e.Offset,
        Reason = reason,
        Payload = e.Event.Value.ToArray(),
        Time = e.Time.ToUnixTimeMilliseconds(),
    };

    private static Arrival? Batch(StoredEvent e, out string reason)
    {
        try
        {
            reason = "";
            return Arrival.Of(PredictionBatch.Read(e.Event.Value.Span), e.Event.Value);
        }
        catch (FormatException error)
        {
            reason = error.Message;
            return null;
        }
    }

    private static T? Read<T>(StoredEvent e, JsonTypeInfo<T> type, string eventType, out string reason)
        where T : class
    {
        reason = "";
        if (e.Event.Headers.TryGetValue("ce_type", out var actual) && actual != eventType)
        {
            reason = $"type is '{actual}' instead of '{eventType}'";
            return null;
        }

        try
        {
            var record = JsonSerializer.Deserialize(e.Event.Value.Span, type);
            reason = record is null ? "the payload is null" : "";
            return record;
        }
        catch (JsonException error)
        {
            reason = error.Message;
            return null;
        }
    }

    private static bool Check(bool holds, string otherwise, ref string reason)
    {
        if (!holds)
        {
            reason = otherwise;
        }

        return holds;
    }
}
