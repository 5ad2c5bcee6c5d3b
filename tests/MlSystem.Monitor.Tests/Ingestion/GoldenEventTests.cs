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
    [Theory]
    [InlineData("prediction_batch_event", EventTypes.PredictionBatch)]
    [InlineData("prediction_event", EventTypes.Prediction)]
    public async Task The_golden_feedback_is_joined_with_the_golden_prediction(string name, string type)
    {
        var arrival = EventReader.Predictions(Stored(name, type), out var reason);
        Assert.True(arrival is not null, reason);
        var feedback = EventReader.Feedback(Stored("feedback_event", EventTypes.Feedback), out reason);
        Assert.True(feedback is not null, reason);
        using var monitor = new MonitorDatabase();

        await monitor.Join.AddFeedbackAsync([feedback], [], CancellationToken.None);
        await monitor.Join.AddPredictionsAsync([arrival], [], CancellationToken.None);

        var rows = await monitor.History.ReadAsync(new HistoryQuery("churn", null, null, Labelled: true), null, 10, CancellationToken.None);
        var row = Assert.Single(rows);
        Assert.Equal(feedback.PredictionId, $"{row.RequestId}/{row.Row}");
        Assert.Equal(feedback.Label!.Value.GetRawText(), row.Label!.Value.GetRawText());
        Assert.Equal(0.5, row.Reward);
        Assert.Equal("""{"label":"Yes","probabilities":[0.125,0.875]}""", row.Outputs.GetRawText());
    }

    [Fact]
    public async Task The_golden_batch_has_every_value_of_its_requests()
    {
        using var monitor = new MonitorDatabase();
        await monitor.Join.AddPredictionsAsync([EventReader.Predictions(Stored("prediction_batch_event", EventTypes.PredictionBatch), out _)!], [], CancellationToken.None);
        await monitor.Writer.FlushAsync(CancellationToken.None);

        var rows = await monitor.History.ReadAsync(new HistoryQuery("churn", null, null, Labelled: false), null, 10, CancellationToken.None);
        Assert.Equal(
            [
                """{"tenure":12,"contract":"Two year","history":[3,4]} {}""",
                """{"tenure":1,"contract":"One year","history":5} {"customer_id":"C00001"}""",
                """{"tenure":null,"contract":"","history":6} {"customer_id":"C00002"}""",
            ],
            rows.Select(row => $"{row.Inputs} {row.JoinKeys}"));
        var last = rows[2];
        Assert.Equal(
            ("0199a5c2-f3de-7e0d-9a7b-1c2d3e4f5a6b/1", "batch-7", 7, 2, "challenger", "shadow", "0199a5c2-f3de-7000-8000-000000000002", 412, 86400.5),
            (last.PredictionId, last.ClientId, last.EndpointRevision, last.Version, last.Variant, last.Role, last.PairedRequestId, last.LatencyUs, last.OldestFeatureAgeSeconds));
        Assert.Equal(DateTimeOffset.Parse("2026-03-25T10:06:00.12625Z", System.Globalization.CultureInfo.InvariantCulture), last.Time);
        Assert.Equal((null, null), (rows[0].ClientId, rows[0].OldestFeatureAgeSeconds));
    }

    private static StoredEvent Stored(string name, string type)
    {
        var value = Encoding.UTF8.GetBytes(Golden.Text(name));
        return new StoredEvent(0, 0, TimeProvider.System.GetUtcNow(), CloudEvents.Create("key", "id", type, "/inference", TimeProvider.System.GetUtcNow(), value));
    }
}
