using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Monitor.History;
using MlSystem.Monitor.Ingestion;
using MlSystem.Monitor.Performance;

namespace MlSystem.Monitor.Tests.Ingestion;

public class JoinStoreTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Every_order_with_every_repetition_and_every_flush_gives_the_same_history(int seed)
    {
        var random = new Random(seed);
        var predictions = Enumerable.Range(0, 8).Select(i => Samples.Prediction(i)).ToList();
        var feedback = Enumerable.Range(0, 30).Select(n => Samples.Feedback(
            random.Next(10), random.Next(3), random.Next(3) == 0 ? null : $"label-{random.Next(4)}", random.Next(2) == 0 ? null : random.Next(5), random.Next(6), $"f{n}"))
            .Where(f => f.Label is not null || f.Reward is not null).ToList();
        var expected = await HistoryAsync(predictions, feedback, null);

        Assert.Equal(expected, await HistoryAsync(Twice(predictions, random), Twice(feedback, random), random));
        Assert.Equal(16, expected.Rows.Split('\n').Length);
    }

    /// <summary>One request an event, as older logs have it, or in batches.</summary>
    private static List<Arrival> Arrivals(List<PredictionEvent> requests, Random? random)
    {
        var arrivals = new List<Arrival>();
        for (var i = 0; i < requests.Count;)
        {
            var next = random is null ? i + 1 : random.Next(i + 1, requests.Count + 1);
            arrivals.Add(Samples.Arrival(random?.Next(3) is 1 or 2 ? Samples.Event(Samples.Batch(requests[i..next])) : Samples.Event(requests[(next = i + 1) - 1])));
            i = next;
        }

        return arrivals;
    }

    private static List<T> Twice<T>(List<T> items, Random random)
    {
        var all = items.Concat(items).ToArray();
        random.Shuffle(all);
        return [.. all];
    }

    /// <summary>All rows and counts after both lists were added, at once or interleaved in random pieces with flushes between.</summary>
    private static async Task<(string Rows, string Performance)> HistoryAsync(List<PredictionEvent> predictions, List<FeedbackEvent> feedback, Random? random)
    {
        using var monitor = new MonitorDatabase();
        var (p, f) = (0, 0);
        while (p < predictions.Count || f < feedback.Count)
        {
            var (nextP, nextF) = (Math.Min(predictions.Count, p + (random?.Next(4) ?? 100)), Math.Min(feedback.Count, f + (random?.Next(8) ?? 100)));
            await monitor.Join.AddPredictionsAsync(Arrivals(predictions[p..nextP], random), [], CancellationToken.None);
            await monitor.Join.AddFeedbackAsync(feedback[f..nextF], [], CancellationToken.None);
            (p, f) = (nextP, nextF);
            if (random?.Next(3) == 0)
            {
                await monitor.Writer.FlushAsync(CancellationToken.None);
            }
        }

        var rows = await monitor.History.ReadAsync(new HistoryQuery("churn", null, null, Labelled: false), null, 1000, CancellationToken.None);
        var performance = await monitor.Performance.PerformanceAsync("churn", default, CancellationToken.None);
        return (
            string.Join('\n', rows.Select(row => JsonSerializer.Serialize(new HistoryPage { Rows = [row with { EndpointRevision = null }] }, HistoryJson.Default.HistoryPage))),
            JsonSerializer.Serialize(performance, PerformanceJson.Default.EndpointPerformance));
    }
}
