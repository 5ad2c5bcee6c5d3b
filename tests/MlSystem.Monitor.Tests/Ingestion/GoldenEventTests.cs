using System.Text;
using MlSystem.Contracts;
using MlSystem.Monitor.History;
using MlSystem.Monitor.Ingestion;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.Monitor.Tests.Ingestion;

/// <summary>The agreed forms of predictions and feedback are what Monitor reads, joins and keeps.</summary>
public sealed class GoldenEventTests
{
    [Fact]
    public async Task The_golden_feedback_is_joined_with_the_golden_prediction()
    {
        var prediction = EventReader.Prediction(Stored("prediction_event", EventTypes.Prediction), out var reason);
        Assert.True(prediction is not null, reason);
        var feedback = EventReader.Feedback(Stored("feedback_event", EventTypes.Feedback), out reason);
        Assert.True(feedback is not null, reason);
        using var monitor = new MonitorDatabase();

        await monitor.Join.AddFeedbackAsync([feedback], [], CancellationToken.None);
        await monitor.Join.AddPredictionsAsync([prediction], [], CancellationToken.None);

        var rows = await monitor.History.ReadAsync(new HistoryQuery("churn", null, null, Labelled: true), null, 10, CancellationToken.None);
        var row = Assert.Single(rows);
        Assert.Equal(feedback.PredictionId, $"{row.RequestId}/{row.Row}");
        Assert.Equal(feedback.Label!.Value.GetRawText(), row.Label!.Value.GetRawText());
        Assert.Equal(0.5, row.Reward);
    }

    private static StoredEvent Stored(string name, string type)
    {
        var value = Encoding.UTF8.GetBytes(Golden.Text(name));
        return new StoredEvent(0, 0, TimeProvider.System.GetUtcNow(), CloudEvents.Create("key", "id", type, "/inference", TimeProvider.System.GetUtcNow(), value));
    }
}
