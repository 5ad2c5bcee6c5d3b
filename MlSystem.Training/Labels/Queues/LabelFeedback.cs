using System.Globalization;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Labels.Queues;

/// <summary>A settled label as feedback on its prediction, like any other feedback: it joins the history and online learners.</summary>
internal static class LabelFeedback
{
    /// <param name="label">As JSON.</param>
    public static OutboxRow Of(string endpoint, string predictionId, string label, DateTimeOffset now)
    {
        var slash = predictionId.LastIndexOf('/');
        var feedback = new FeedbackEvent
        {
            FeedbackId = Guid.CreateVersion7(now).ToString(),
            PredictionId = predictionId,
            RequestId = predictionId[..slash],
            Row = int.Parse(predictionId.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture),
            Endpoint = endpoint,
            Label = JsonDocument.Parse(label).RootElement.Clone(),
            Time = now,
        };
        return new OutboxRow
        {
            EventId = feedback.FeedbackId,
            Topic = Topics.Feedback,
            Key = feedback.RequestId,
            Type = EventTypes.Feedback,
            Payload = JsonSerializer.Serialize(feedback, ContractsJson.Default.FeedbackEvent),
            Time = now,
        };
    }
}
