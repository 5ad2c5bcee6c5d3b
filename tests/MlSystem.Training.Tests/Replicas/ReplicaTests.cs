using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;
using MlSystem.Training.Learners.Sessions;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Learners;
using MlSystem.Training.Tests.Pipelines;
using MlSystem.Training.Tests.Runs;

namespace MlSystem.Training.Tests.Replicas;

/// <summary>Two replicas of the service on one PostgreSQL: schedules, learners and label queues.</summary>
public sealed class ReplicaTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Learner = """{"kind": "ftrl", "features": {"numeric": ["x1", "x2"]}, "label": {"classes": ["no", "yes"]}, "checkpoint": {"events": 100, "seconds": 0.2}}""";

    [Fact]
    public async Task A_schedule_of_every_second_starts_one_run_while_none_has_ended()
    {
        await using var world = await World.StartAsync();
        var database = await DatabaseAsync();
        await using var one = await HostAsync(world, database, "a", ("Training:Workers", "0"));
        await using var two = await HostAsync(world, database, "b", ("Training:Workers", "0"));
        var definition = Documents.Valid;
        definition["triggers"] = JsonNode.Parse("""[{ "kind": "cron", "cron": "* * * * * ?" }]""");
        await one.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", definition.ToJsonString(), 201);
        JsonArray firings = [];
        await Eventually.TrueAsync(
            async () => (firings = (await two.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small/firings"))["firings"]!.AsArray()).Count >= 4, TimeSpan.FromSeconds(120), "it fired four times");
        Assert.Single(firings, f => f!["run_id"] is not null);
        Assert.Equal(firings.Count, firings.Select(f => f!.Text("evidence")).Distinct().Count());
        Assert.Single((await one.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small/runs"))["runs"]!.AsArray());
    }

    [Fact]
    public async Task A_learner_has_one_owner_and_goes_on_with_the_other_replica_when_that_stops()
    {
        await using var world = await World.StartAsync();
        var database = await DatabaseAsync();
        var one = await HostAsync(world, database, "a");
        await one.Http.SendAsync(HttpMethod.Put, "/api/learners/clicks", Learner, 201);
        await PostAsync(one, 0, 1000);
        await LearntAsync(one, 1000);
        await using var two = await HostAsync(world, database, "b");
        await using (one)
        {
            await PostAsync(two, 1000, 1000);
        }

        await PostAsync(two, 2000, 1000);
        await LearntAsync(two, 3000);
        var moved = await StateAsync(two);

        await using var calm = await World.StartAsync();
        await using var host = await calm.HostAsync(("Training:Learners:PollInterval", "00:00:00.1"));
        await host.Http.SendAsync(HttpMethod.Put, "/api/learners/clicks", Learner, 201);
        for (var start = 0; start < 3000; start += 1000)
        {
            await PostAsync(host, start, 1000);
        }

        await LearntAsync(host, 3000);
        Assert.Equal(await StateAsync(host), moved);
    }

    [Fact]
    public async Task Annotators_at_two_replicas_get_every_item_once_and_each_label_becomes_feedback_once()
    {
        const int Items = 40;
        await using var world = await World.StartAsync();
        var database = await DatabaseAsync();
        await using var one = await HostAsync(world, database, "a");
        await using var two = await HostAsync(world, database, "b");
        await one.Http.SendAsync(HttpMethod.Put, "/api/labels/queues/clicks", """{"endpoint": "clicks", "strategy": "margin", "random_share": 0, "expiry_hours": 8760}""", 201);
        await one.Services.GetRequiredService<IEventLog>().AppendAsync(
            Topics.Predictions, [.. Enumerable.Range(0, Items).Select(i => Logged.Prediction("clicks", $"r{i}", [i, 1], "red", (float)i / Items))], CancellationToken.None);
        await Eventually.TrueAsync(
            async () => (int?)(await two.Http.SendAsync(HttpMethod.Get, "/api/labels/queues/clicks"))["counts"]!["candidate"] == Items, TimeSpan.FromSeconds(120), "all are candidates");

        var given = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() => AnnotateAsync(n % 2 == 0 ? one : two, $"annotator{n}", Items))));
        Assert.Equal(Items, given.Sum(g => g.Count));
        Assert.Equal(Items, given.SelectMany(g => g).Distinct().Count());

        await using var consumer = one.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Feedback, "test");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        HashSet<string> told = [];
        while (told.Count < Items)
        {
            foreach (var fed in await consumer.ReadAsync(100, deadline.Token))
            {
                Assert.True(told.Add(JsonNode.Parse(fed.Event.Value.Span)!.Text("prediction_id")));
            }
        }
    }

    /// <summary>Takes items two at a time, and labels them, until there are none.</summary>
    private static async Task<List<string>> AnnotateAsync(TrainingHost host, string annotator, int most)
    {
        List<string> done = [];
        while (done.Count <= most)
        {
            var items = (await host.Http.SendAsync(HttpMethod.Post, "/api/labels/queues/clicks/next", $$"""{"annotator": "{{annotator}}", "count": 2}"""))["items"]!.AsArray();
            if (items.Count == 0)
            {
                break;
            }

            foreach (var item in items)
            {
                await host.Http.SendAsync(HttpMethod.Post, "/api/labels/queues/clicks/submit", $$"""{"annotator": "{{annotator}}", "item": "{{item!.Text("id")}}", "label": "yes"}""");
                done.Add(item!.Text("id"));
            }
        }

        return done;
    }

    private async Task<string> DatabaseAsync()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        return await postgres.Server!.CreateDatabaseAsync();
    }

    private static Task<TrainingHost> HostAsync(World world, string database, string instance, params (string Key, string Value)[] settings) => world.HostAsync(
        [("ConnectionStrings:database", database), ("MlSystem:Instance", instance), ("Training:Learners:PollInterval", "00:00:00.1"), .. settings]);

    private static Task<JsonNode> PostAsync(TrainingHost host, int start, int count)
    {
        var rows = new JsonArray([.. Enumerable.Range(start, count).Select(i => (JsonNode)new JsonObject { ["x1"] = i % 7, ["x2"] = i % 3, ["label"] = i % 7 > 3 ? "yes" : "no" })]);
        return host.Http.SendAsync(HttpMethod.Post, "/api/learners/clicks/events", rows.ToJsonString(), 202);
    }

    private static Task LearntAsync(TrainingHost host, int rows) => Eventually.TrueAsync(
        async () => (long?)(await host.Http.SendAsync(HttpMethod.Get, "/api/learners/clicks"))["progress"]?["rows"] == rows, TimeSpan.FromSeconds(120), FormattableString.Invariant($"{rows} rows are learnt"));

    private static async Task<byte[]> StateAsync(TrainingHost host)
    {
        var id = (await host.Http.SendAsync(HttpMethod.Get, "/api/learners/clicks")).Text("id");
        return (await host.Services.GetRequiredService<LearnerVault>().LoadAsync(id, CancellationToken.None)).State!;
    }
}
