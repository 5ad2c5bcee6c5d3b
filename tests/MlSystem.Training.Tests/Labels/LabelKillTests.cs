using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Learners;
using MlSystem.Training.Tests.Runs;

namespace MlSystem.Training.Tests.Labels;

public sealed class LabelKillTests
{
    private const int Items = 60;

    [Fact]
    public async Task Killed_right_behind_its_answer_no_label_is_lost_and_each_becomes_feedback_once()
    {
        await using var world = await World.StartAsync();
        await using (var host = await world.HostAsync())
        {
            await host.Http.SendAsync(HttpMethod.Put, "/api/labels/queues/clicks", """{"endpoint": "clicks", "strategy": "margin", "random_share": 0, "expiry_hours": 8760}""", 201);
            await host.Services.GetRequiredService<IEventLog>().AppendAsync(
                Topics.Predictions, [.. Enumerable.Range(0, Items).Select(i => Logged.Prediction("clicks", $"r{i}", [i, 1], "red", (float)i / Items))], CancellationToken.None);
            await Eventually.TrueAsync(async () => await CountAsync(host.Http, "candidate") == Items, TimeSpan.FromSeconds(90), "all are candidates");
        }

        HashSet<string> answered = [];
        for (var life = 0; life < 4; life++)
        {
            await using var process = await TrainingProcess.StartAsync(world);
            var items = (await process.Http.SendAsync(HttpMethod.Post, "/api/labels/queues/clicks/next", """{"annotator": "ann", "count": 8}"""))["items"]!.AsArray();
            foreach (var id in items.Select(i => i!.Text("id")))
            {
                await process.Http.SendAsync(HttpMethod.Post, "/api/labels/queues/clicks/submit", $$"""{"annotator": "ann", "item": "{{id}}", "label": "yes"}""");
                Assert.True(answered.Add(id), $"{id} was answered before and given out again");
            }

            await process.KillAsync();
        }

        await using var last = await world.HostAsync();
        Assert.Equal(answered.Count, await CountAsync(last.Http, "agreed"));
        await using var consumer = last.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Feedback, "test");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        Dictionary<string, string> told = [];
        while (told.Count < answered.Count)
        {
            foreach (var fed in await consumer.ReadAsync(100, deadline.Token))
            {
                // Told again after a kill it has the same id, by which consumers know it.
                var feedback = JsonSerializer.Deserialize(fed.Event.Value.Span, ContractsJson.Default.FeedbackEvent)!;
                Assert.Equal(feedback.FeedbackId, told.GetValueOrDefault(feedback.PredictionId, feedback.FeedbackId));
                told[feedback.PredictionId] = feedback.FeedbackId;
            }
        }

        Assert.Equal(answered.Order(), told.Keys.Order());
    }

    private static async Task<int> CountAsync(HttpClient http, string state) => (int?)(await http.SendAsync(HttpMethod.Get, "/api/labels/queues/clicks"))["counts"]![state] ?? 0;
}
