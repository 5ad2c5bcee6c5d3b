using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Learners;

namespace MlSystem.Training.Tests.Labels;

public sealed class LabelApiTests
{
    [Fact]
    public async Task The_most_uncertain_predictions_come_first_and_an_agreed_label_becomes_feedback()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await host.Http.SendAsync(HttpMethod.Put, "/api/labels/queues/clicks", Queue("least_confident", """ "annotators": 2, "agreement": 2, "labels": ["yes", "no"], """), 201);
        await LogAsync(host, 40);
        await CountAsync(host, "candidate", 40);

        var first = await NextAsync(host, "ann", 3);
        Assert.Equal(["r20/0", "r21/0", "r19/0"], first.Select(i => i!.Text("id")).OrderBy(i => Math.Abs(int.Parse(i[1..^2], System.Globalization.CultureInfo.InvariantCulture) - 20.1)));
        Assert.Equal("red", first[0]!["inputs"]!.Text("colour"));
        var id = first[0]!.Text("id");
        Assert.Equal(first.Select(i => i!.Text("id")).Order(), (await NextAsync(host, "ben", 3)).Select(i => i!.Text("id")).Order());

        await AnswerAsync(host, "submit", "cid", id, "yes", 409);
        await AnswerAsync(host, "submit", "ann", id, "perhaps", 409);
        Assert.Equal("open", (await AnswerAsync(host, "submit", "ann", id, "yes", 200)).Text("state"));
        Assert.Equal("open", (await AnswerAsync(host, "submit", "ann", id, "yes", 200)).Text("state"));
        Assert.Equal("agreed", (await AnswerAsync(host, "submit", "ben", id, "yes", 200)).Text("state"));
        await AnswerAsync(host, "submit", "ben", id, "no", 409);

        // The other one ends in conflict and is decided.
        var other = first[1]!.Text("id");
        await AnswerAsync(host, "submit", "ann", other, "yes", 200);
        Assert.Equal("conflict", (await AnswerAsync(host, "submit", "ben", other, "no", 200)).Text("state"));
        var conflicts = (await host.Http.SendAsync(HttpMethod.Get, "/api/labels/queues/clicks/items?state=conflict"))["items"]!.AsArray();
        Assert.Equal("no", conflicts.Single()!["answers"]!.Text("ben"));
        await AnswerAsync(host, "adjudicate", "chief", other, "no", 200);

        var feedback = await FeedbackAsync(host, 2);
        Assert.Equal([(id, "yes"), (other, "no")], feedback.Select(f => (f.PredictionId, f.Label!.Value.GetString()!)));
        Assert.All(feedback, f => Assert.Equal("clicks", f.Endpoint));
    }

    [Fact]
    public async Task Budget_random_share_and_skips_hold()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await host.Http.SendAsync(HttpMethod.Put, "/api/labels/queues/clicks", Queue("entropy", """ "budget": 12, "random_share": 0.25, """), 201);
        await LogAsync(host, 60);
        await CountAsync(host, "candidate", 60);
        var items = await NextAsync(host, "ann", 50);
        Assert.Equal(12, items.Count);
        Assert.Equal(3, items.Count(i => (bool)i!["at_random"]!));
        Assert.Empty(await NextAsync(host, "ben", 5));
        var skipped = items[0]!.Text("id");
        await host.Http.SendAsync(HttpMethod.Post, "/api/labels/queues/clicks/skip", $$"""{"annotator": "ann", "item": "{{skipped}}"}""");
        Assert.DoesNotContain(skipped, (await NextAsync(host, "ann", 50)).Select(i => i!.Text("id")));
    }

    [Fact]
    public async Task A_committee_asks_where_live_and_shadow_disagree()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await host.Http.SendAsync(HttpMethod.Put, "/api/labels/queues/clicks", Queue("committee"), 201);
        var log = host.Services.GetRequiredService<IEventLog>();
        for (var i = 0; i < 10; i++)
        {
            await log.AppendAsync(Topics.Predictions, [Logged.Prediction("clicks", $"r{i}", [i, 1], "red", 0.9f)], CancellationToken.None);
        }

        await CountAsync(host, "candidate", 10);
        for (var i = 0; i < 10; i++)
        {
            var probability = i == 6 ? 0.2f : 0.8f;
            await log.AppendAsync(Topics.Predictions, [Logged.Prediction("clicks", $"s{i}", [i, 1], "red", probability, VariantRole.Shadow, $"r{i}")], CancellationToken.None);
        }

        await Eventually.TrueAsync(
            async () => (double)(await host.Http.SendAsync(HttpMethod.Get, "/api/labels/queues/clicks/items?state=candidate"))["items"]![0]!["score"]! > 0.9, TimeSpan.FromSeconds(90), "the votes are in");
        Assert.Equal("r6/0", (await NextAsync(host, "ann", 1)).Single()!.Text("id"));
    }

    [Fact]
    public async Task Only_the_most_informative_and_a_random_sample_are_kept()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var errors = await host.Http.SendAsync(HttpMethod.Put, "/api/labels/queues/clicks", """{"strategy": "luck", "agreement": 3, "color": 1}""", 422);
        Assert.Equal(["$.agreement", "$.color", "$.endpoint", "$.strategy"], errors["errors"]!.AsArray().Select(e => e!.Text("path")).Order());
        await host.Http.SendAsync(HttpMethod.Put, "/api/labels/queues/clicks", Queue("margin", """ "candidates": 10, """), 201);
        await LogAsync(host, 200);
        await Eventually.TrueAsync(
            async () => (await host.Http.SendAsync(HttpMethod.Get, "/api/labels/queues/clicks/items?state=candidate"))["items"]!.AsArray() is { Count: >= 10 and <= 20 } items
                && items.Take(10).All(i => Math.Abs(int.Parse(i!.Text("id")[1..^2], System.Globalization.CultureInfo.InvariantCulture) - 100) <= 6),
            TimeSpan.FromSeconds(90),
            "the best ones are kept");
    }

    private static string Queue(string strategy, string more = "") => $$"""{"endpoint": "clicks", "strategy": "{{strategy}}", {{(more.Contains("random_share", StringComparison.Ordinal) ? "" : "\"random_share\": 0, ")}}{{more}} "expiry_hours": 8760}""";

    /// <summary>Predictions r0, r1 … whose probabilities run evenly from 0 to 1.</summary>
    private static async Task LogAsync(TrainingHost host, int count)
    {
        var log = host.Services.GetRequiredService<IEventLog>();
        await log.AppendAsync(Topics.Predictions, [.. Enumerable.Range(0, count).Select(i => Logged.Prediction("clicks", $"r{i}", [i, 1], "red", (float)i / count))], CancellationToken.None);
    }

    private static Task CountAsync(TrainingHost host, string state, int count) => Eventually.TrueAsync(
        async () => (int?)(await host.Http.SendAsync(HttpMethod.Get, "/api/labels/queues/clicks"))["counts"]![state] == count, TimeSpan.FromSeconds(90), $"{count} items are {state}");

    private static async Task<JsonArray> NextAsync(TrainingHost host, string annotator, int count) =>
        (await host.Http.SendAsync(HttpMethod.Post, "/api/labels/queues/clicks/next", $$"""{"annotator": "{{annotator}}", "count": {{count}}}"""))["items"]!.AsArray();

    private static Task<JsonNode> AnswerAsync(TrainingHost host, string verb, string annotator, string item, string label, int expected) =>
        host.Http.SendAsync(HttpMethod.Post, $"/api/labels/queues/clicks/{verb}", $$"""{"annotator": "{{annotator}}", "item": "{{item}}", "label": "{{label}}"}""", expected);

    private static async Task<List<FeedbackEvent>> FeedbackAsync(TrainingHost host, int count)
    {
        await using var consumer = host.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Feedback, "test");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        List<FeedbackEvent> events = [];
        while (events.Count < count)
        {
            events.AddRange((await consumer.ReadAsync(100, deadline.Token)).Select(e => JsonSerializer.Deserialize(e.Event.Value.Span, ContractsJson.Default.FeedbackEvent)!));
        }

        return [.. events.OrderBy(e => e.Time)];
    }
}
