using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;
using MlSystem.Training.Learners.Sessions;
using MlSystem.Training.Storage;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Runs;

namespace MlSystem.Training.Tests.Learners;

public sealed class LearnerApiTests
{
    private const string Clicks = """
        {"kind": "ftrl", "features": {"numeric": ["x1", "x2"], "categorical": ["colour"], "bits": 10}, "label": {"classes": ["no", "yes"]},
         "metric_window": 500, "checkpoint": {"events": 200, "seconds": 0.2}}
        """;

    private static readonly (string, string)[] Quick = [("Training:Learners:PollInterval", "00:00:00.1")];

    [Fact]
    public async Task All_mistakes_of_a_definition_are_told_at_once()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync(Quick);
        var answer = await host.Http.SendAsync(
            HttpMethod.Put,
            "/api/learners/clicks",
            """{"kind": "passive_aggressive", "task": "binary_classification", "source": {"kind": "topics"}, "features": {"numeric": ["a", "a"], "bits": 30}, "label": {"classes": ["x"]}, "parameters": {"alpha": 1, "c": 0}, "drift": {"action": "faster"}, "snapshots": {"model": "m"}, "speed": 9}""",
            422);
        var paths = answer["errors"]!.AsArray().Select(e => e!.Text("path")).Order().ToList();
        Assert.Equal(
            ["$.drift.action", "$.features", "$.features.bits", "$.label.classes", "$.parameters.alpha", "$.parameters.c", "$.snapshots.events", "$.source.kind", "$.speed"], paths);
    }

    [Fact]
    public async Task Rows_are_checked_before_any_is_stored_then_learnt_and_counted()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync(Quick);
        await host.Http.SendAsync(HttpMethod.Put, "/api/learners/clicks", Clicks, 201);
        await host.Http.SendAsync(HttpMethod.Put, "/api/learners/clicks", Clicks, 200);
        var refused = await host.Http.SendAsync(
            HttpMethod.Post, "/api/learners/clicks/events",
            """[{"x1": 1, "label": "yes"}, {"x1": "one", "label": "yes"}, {"x1": 1e300, "label": "no"}, {"x1": 1, "label": "maybe"}, {"x3": 1, "label": "no"}, {"x1": 1}]""", 422);
        Assert.Equal(["$[1]", "$[2]", "$[3]", "$[4]", "$[5]"], refused["errors"]!.AsArray().Select(e => e!.Text("path")));
        Assert.Contains("'x1'", refused["errors"]![0]!.Text("message"), StringComparison.Ordinal);

        await PostAsync(host, 0, 1000);
        var progress = (await RowsAsync(host, 1000))["progress"]!;
        Assert.Equal(0, (long)progress["rejected"]!);
        Assert.InRange((double)progress["window"]!["accuracy"]!, 0.75, 1);
        Assert.InRange((double)progress["window"]!["auc"]!, 0.85, 1);
        await host.Http.SendAsync(HttpMethod.Put, "/api/learners/clicks", Clicks.Replace("\"bits\": 10", "\"bits\": 12", StringComparison.Ordinal), 409);
        Assert.Contains("clicks", (await host.Http.SendAsync(HttpMethod.Get, "/api/learners/other", expected: 404)).Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_at_random_points_it_ends_with_the_weights_of_an_uninterrupted_run()
    {
        const int Rows = 6000;
        await using var calm = await World.StartAsync();
        byte[] expected;
        await using (var host = await calm.HostAsync(Quick))
        {
            await host.Http.SendAsync(HttpMethod.Put, "/api/learners/clicks", Clicks, 201);
            await PostAsync(host, 0, Rows);
            await RowsAsync(host, Rows);
            expected = await StateAsync(host);
        }

        await using var world = await World.StartAsync();
        await using (var host = await world.HostAsync(("Training:Learners:MaxLearners", "0")))
        {
            await host.Http.SendAsync(HttpMethod.Put, "/api/learners/clicks", Clicks.Replace("\"events\": 200", "\"events\": 20", StringComparison.Ordinal), 201);
            await PostAsync(host, 0, Rows / 2);
        }

        var random = new Random(17);
        for (var round = 0; round < 3; round++)
        {
            await using var process = await TrainingProcess.StartAsync(world);
            var start = Rows / 2 + (round * Rows / 6);
            await process.Http.SendAsync(HttpMethod.Post, "/api/learners/clicks/events", Body(start, Rows / 6), 202);
            var wanted = random.Next(100, 1500) + (round * 800);
            await Eventually.TrueAsync(
                async () => ((long?)(await process.Http.SendAsync(HttpMethod.Get, "/api/learners/clicks"))["progress"]?["rows"] ?? 0) >= wanted, TimeSpan.FromSeconds(120), "some rows are learnt");
            await process.KillAsync();
        }

        await using var last = await world.HostAsync(Quick);
        await RowsAsync(last, Rows);
        Assert.Equal(expected, await StateAsync(last));
    }

    [Fact]
    public async Task Snapshots_become_versions_even_after_an_outage_and_can_be_rolled_back_to()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync(Quick);
        world.Registry.Before = _ => Task.FromResult<int?>(503);
        var definition = JsonNode.Parse(Clicks)!.AsObject();
        definition["snapshots"] = JsonNode.Parse("""{"model": "clicks", "events": 1000, "alias": "champion", "keep": 3, "gate": [{"metric": "auc", "min": 0.8}]}""");
        await host.Http.SendAsync(HttpMethod.Put, "/api/learners/clicks", definition.ToJsonString(), 201);
        await PostAsync(host, 0, 1200);
        await RowsAsync(host, 1200);
        Assert.Equal("pending", (await SnapshotsAsync(host))[0]!.Text("state"));

        world.Registry.Before = _ => Task.FromResult<int?>(null);
        await Eventually.TrueAsync(async () => (await SnapshotsAsync(host))[0]!.Text("state") == "registered", TimeSpan.FromSeconds(90), "the snapshot is registered");
        Assert.Equal(1, world.Registry.Aliases["champion"]);
        var lineage = JsonSerializer.Deserialize(world.Registry.File(1, ModelFiles.Lineage), ContractsJson.Default.ModelLineage)!;
        Assert.Equal("online", lineage.Trigger.Kind);
        var signature = JsonSerializer.Deserialize(world.Registry.File(1, ModelFiles.Signature), ContractsJson.Default.ModelSignature)!;
        Assert.Equal(["x1", "x2", "colour"], signature.Inputs.Select(i => i.Name));

        var before = await WeightsAsync(host);
        await PostAsync(host, 1200, 300);
        await RowsAsync(host, 1500);
        Assert.NotEqual(before, await WeightsAsync(host));
        await host.Http.SendAsync(HttpMethod.Post, "/api/learners/clicks/rollback", """{"snapshot": 9}""", 409);
        await host.Http.SendAsync(HttpMethod.Post, "/api/learners/clicks/rollback", """{"snapshot": 1}""", 202);
        await Eventually.TrueAsync(async () => (await host.Http.SendAsync(HttpMethod.Get, "/api/learners/clicks"))["rollback_to"] is null, TimeSpan.FromSeconds(60), "the rollback is done");
        Assert.Equal(world.Registry.File(1, "learner.bin"), await WeightsAsync(host));

        // A second learner begins with the registered weights.
        definition["warm_start"] = JsonNode.Parse("""{"model": "clicks", "version": 1}""");
        definition.Remove("snapshots");
        await host.Http.SendAsync(HttpMethod.Put, "/api/learners/warm", definition.ToJsonString(), 201);
        await host.Http.SendAsync(HttpMethod.Post, "/api/learners/warm/events", Body(0, 500), 202);
        var warm = await RowsAsync(host, 500, "warm");
        Assert.InRange((double)warm["progress"]!["window"]!["accuracy"]!, 0.85, 1);
    }

    [Fact]
    public async Task Predictions_and_feedback_are_joined_in_any_order_and_learnt_once()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync(Quick);
        var definition = JsonNode.Parse(Clicks)!.AsObject();
        definition["source"] = JsonNode.Parse("""{"kind": "endpoint", "endpoint": "clicks"}""");
        await host.Http.SendAsync(HttpMethod.Put, "/api/learners/clicks", definition.ToJsonString(), 201);
        var log = host.Services.GetRequiredService<IEventLog>();
        for (var i = 0; i < 20; i++)
        {
            var prediction = Logged.Prediction("clicks", $"r{i}", [i, 2.5], "red");
            var label = Logged.Feedback("clicks", $"r{i}", i % 2 == 0 ? "yes" : "no");
            var (first, second) = i % 3 == 0 ? (label, prediction) : (prediction, label);
            await log.AppendAsync(first == label ? Topics.Feedback : Topics.Predictions, [first], CancellationToken.None);
            await log.AppendAsync(second == label ? Topics.Feedback : Topics.Predictions, [second, second], CancellationToken.None);
        }

        await log.AppendAsync(Topics.Feedback, [Logged.Feedback("clicks", "later", "yes"), Logged.Feedback("other", "r1", "yes")], CancellationToken.None);
        var learner = await RowsAsync(host, 20);
        await Eventually.TrueAsync(
            async () => (long)(await host.Http.SendAsync(HttpMethod.Get, "/api/learners/clicks"))["progress"]!["waiting"]! == 1, TimeSpan.FromSeconds(60), "one label waits");
        Assert.Equal(0, (long)learner["progress"]!["rejected"]!);
    }

    private static string Body(int start, int count) => new JsonArray([.. Enumerable.Range(start, count).Select(Row)]).ToJsonString();

    private static JsonNode Row(int i)
    {
        var random = new Random(i);
        var (x1, x2, colour) = (random.NextDouble() * 10, random.NextDouble(), random.Next(5));
        return new JsonObject
        {
            ["x1"] = Math.Round(x1, 3),
            ["x2"] = i % 11 == 0 ? null : Math.Round(x2, 3),
            ["colour"] = $"c{colour}",
            ["label"] = x1 + colour > 7 ? "yes" : "no",
        };
    }

    private static async Task PostAsync(TrainingHost host, int start, int count) =>
        Assert.Equal(count, (int)(await host.Http.SendAsync(HttpMethod.Post, "/api/learners/clicks/events", Body(start, count), 202))["accepted"]!);

    private static async Task<JsonNode> RowsAsync(TrainingHost host, long rows, string name = "clicks")
    {
        JsonNode learner = new JsonObject();
        await Eventually.TrueAsync(
            async () =>
            {
                learner = await host.Http.SendAsync(HttpMethod.Get, $"/api/learners/{name}");
                return (long?)learner["progress"]?["rows"] == rows;
            },
            TimeSpan.FromSeconds(120),
            string.Create(CultureInfo.InvariantCulture, $"{rows} rows are learnt"));
        return learner;
    }

    private static async Task<JsonArray> SnapshotsAsync(TrainingHost host) => (await host.Http.SendAsync(HttpMethod.Get, "/api/learners/clicks/snapshots"))["snapshots"]!.AsArray();

    private static async Task<byte[]> StateAsync(TrainingHost host)
    {
        var vault = host.Services.GetRequiredService<LearnerVault>();
        var learner = await host.Http.SendAsync(HttpMethod.Get, "/api/learners/clicks");
        return (await vault.LoadAsync(learner.Text("id"), CancellationToken.None)).State!;
    }

    private static async Task<byte[]> WeightsAsync(TrainingHost host)
    {
        var definition = (await host.Services.GetRequiredService<Training.Learners.LearnerStore>().FindAsync("clicks", CancellationToken.None))!.Definition;
        var learner = new Training.Learners.OnlineLearner(definition);
        learner.Deserialize(await StateAsync(host));
        return learner.SerializeModel();
    }
}
