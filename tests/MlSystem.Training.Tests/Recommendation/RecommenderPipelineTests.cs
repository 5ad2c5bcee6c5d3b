using System.Text.Json;
using System.Text.Json.Nodes;
using MlSystem.Contracts;
using MlSystem.Training.Recommendation.Numerics;
using MlSystem.Training.Tests.Doubles;

namespace MlSystem.Training.Tests.Recommendation;

public sealed class RecommenderPipelineTests
{
    [Theory]
    [InlineData("als", """{"factors": 8, "iterations": 3}""")]
    [InlineData("item_knn", """{"neighbours": 20}""")]
    public async Task A_recommender_is_trained_judged_and_registered_twice_with_the_same_bytes(string kind, string parameters)
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/shop", Pipeline(kind, parameters).ToJsonString(), 201);
        for (var version = 1; version <= 2; version++)
        {
            var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/shop/runs", "{}", 202)).Text("run_id");
            await host.Http.WaitForStateAsync(id, "succeeded");
        }

        Assert.Equal(world.Registry.File(1, ModelFiles.Onnx), world.Registry.File(2, ModelFiles.Onnx));
        var signature = JsonSerializer.Deserialize(world.Registry.File(1, ModelFiles.Signature), ContractsJson.Default.ModelSignature)!;
        Assert.Equal(ModelTask.Ranking, signature.Task);
        Assert.Equal("history", Assert.Single(signature.Inputs).Name);
        Assert.Equal([StandardOutputs.ItemIds, StandardOutputs.Scores], signature.Outputs.Select(o => o.Name));
        var metrics = JsonNode.Parse(world.Registry.File(1, ModelFiles.Metrics))!;
        Assert.InRange((double)metrics["ndcg"]!, 0.15, 1);
        Assert.Equal(2, world.Registry.Aliases["champion"]);
    }

    [Theory]
    [InlineData("als", """{"factors": 8, "iterations": 2}""")]
    [InlineData("bpr", """{"factors": 8, "epochs": 3}""")]
    public async Task A_warm_start_begins_from_the_champion_once_there_is_one(string kind, string parameters)
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var pipeline = Pipeline(kind, parameters);
        pipeline["trainer"]!["warm_start"] = new JsonObject { ["alias"] = "champion" };
        pipeline["execution"] = new JsonObject { ["cache"] = true };
        pipeline["gate"] = new JsonObject();
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/shop", pipeline.ToJsonString(), 201);
        for (var version = 1; version <= 2; version++)
        {
            var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/shop/runs", "{}", 202)).Text("run_id");
            await host.Http.WaitForStateAsync(id, "succeeded");
        }

        Assert.NotEqual(world.Registry.File(1, ModelFiles.Onnx), world.Registry.File(2, ModelFiles.Onnx));
        var lineages = new[] { 1, 2 }.Select(v => JsonSerializer.Deserialize(world.Registry.File(v, ModelFiles.Lineage), ContractsJson.Default.ModelLineage)!).ToArray();
        Assert.False(lineages[0].Parameters.ContainsKey("warm_start_items"));
        Assert.Equal("40", lineages[1].Parameters["warm_start_items"]);
        Assert.Equal(1, lineages[1].ParentVersion);
    }

    [Fact]
    public async Task A_warm_start_from_another_number_of_factors_fails_with_both_numbers()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        async Task<JsonNode> RunAsync(JsonObject pipeline, string state)
        {
            await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/shop", pipeline.ToJsonString(), 201);
            return await host.Http.WaitForStateAsync((await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/shop/runs", "{}", 202)).Text("run_id"), state);
        }

        await RunAsync(Pipeline("als", """{"factors": 8, "iterations": 2}"""), "succeeded");
        var wider = Pipeline("als", """{"factors": 16, "iterations": 2}""");
        wider["trainer"]!["warm_start"] = new JsonObject { ["version"] = 1 };
        Assert.Contains("has 8 factors, this training 16", (await RunAsync(wider, "failed")).ToJsonString(), StringComparison.Ordinal);
        var other = Pipeline("bpr", """{"factors": 8, "epochs": 2}""");
        other["trainer"]!["warm_start"] = new JsonObject { ["version"] = 1 };
        Assert.Contains("was trained by als", (await RunAsync(other, "failed")).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mistakes_are_named_before_anything_runs()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var pipeline = Pipeline("als", """{"factors": 0, "magic": 1}""");
        pipeline["source"]!["table"]!["entity_columns"] = new JsonArray("user");
        pipeline["gate"]!["thresholds"]![0]!["metric"] = "auc";
        var answer = (await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/shop", pipeline.ToJsonString(), 422)).ToJsonString();
        foreach (var path in new[] { "$.trainer.parameters.factors", "$.trainer.parameters.magic", "two entity_columns", "is not a metric of recommendation" })
        {
            Assert.Contains(path, answer, StringComparison.Ordinal);
        }
    }

    /// <summary>Forty users of two tastes, each with a part of the twenty items of its taste.</summary>
    private static JsonObject Pipeline(string kind, string parameters)
    {
        var random = new SplitMix64(3);
        JsonArray users = [], items = [], times = [], labels = [];
        for (var user = 0; user < 40; user++)
        {
            for (var item = 0; item < 20; item++)
            {
                if (random.NextDouble() < 0.6)
                {
                    users.Add($"u{user}");
                    items.Add($"{(user % 2 == 0 ? "tea" : "car")}-{item}");
                    times.Add($"2026-01-{1 + random.Next(28):00}T00:00:00Z");
                    labels.Add("1");
                }
            }
        }

        return new JsonObject
        {
            ["source"] = new JsonObject
            {
                ["table"] = new JsonObject
                {
                    ["rows"] = new JsonObject { ["user"] = users, ["item"] = items, ["at"] = times, ["bought"] = labels },
                    ["label_column"] = "bought",
                    ["event_timestamp_column"] = "at",
                    ["entity_columns"] = new JsonArray("user", "item"),
                },
            },
            ["split"] = new JsonObject { ["kind"] = "per_user", ["test_share"] = 0.25 },
            ["trainer"] = new JsonObject { ["kind"] = kind, ["task"] = "recommendation", ["seed"] = 5, ["parameters"] = JsonNode.Parse(parameters) },
            ["gate"] = new JsonObject
            {
                ["thresholds"] = new JsonArray(new JsonObject { ["metric"] = "ndcg", ["min"] = 0.15 }),
                ["champion"] = new JsonObject { ["level"] = 0.05 },
            },
            ["register"] = new JsonObject { ["model"] = "shop", ["alias"] = "champion" },
        };
    }
}
