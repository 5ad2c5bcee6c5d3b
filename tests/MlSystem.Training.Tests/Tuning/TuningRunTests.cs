using System.Text.Json.Nodes;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;

namespace MlSystem.Training.Tests.Tuning;

public sealed class TuningRunTests
{
    [Fact]
    public async Task The_best_trials_parameters_are_trained_on_all_training_rows_and_registered()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        var document = Documents.Valid;
        document["tuning"] = JsonNode.Parse("""
            { "algorithm": "tpe", "metric": "log_loss", "max_trials": 14, "parallel_trials": 2, "seed": 2, "validation": { "folds": 2 },
              "space": { "l2": { "type": "log_uniform", "min": 0.01, "max": 10000 }, "maximum_categories": { "type": "choice", "values": [2, 50] } } }
            """);
        var id = await StartAsync(host, document);
        var run = await host.Http.WaitForStateAsync(id, "succeeded");
        Assert.Equal("tune", run["steps"]![3]!.Text("name"));
        var report = JsonNode.Parse(await ReadAsync(world, id, "tuning.json"))!;
        var trials = report["trials"]!.AsArray();
        Assert.Equal(14, trials.Count);
        Assert.Equal(trials.Min(t => (double)t!["value"]!), (double)report["best_value"]!);

        // A penalty of thousands flattens everything: what was found must be far below.
        var l2 = (double)report["parameters"]!["l2"]!;
        Assert.True(l2 < 100, $"{l2}");
        var training = JsonNode.Parse(await ReadAsync(world, id, "training.json"))!;
        Assert.Equal(l2, double.Parse(training["parameters"]!.Text("l2"), System.Globalization.CultureInfo.InvariantCulture), 9);
        Assert.StartsWith("<svg", await ReadAsync(world, id, "history.svg"), StringComparison.Ordinal);
        Assert.True((double)report["importance"]!["l2"]! > (double)report["importance"]!["maximum_categories"]!);

        var parent = world.Registry.Runs.Single(r => r.Tags.Any(t => t.Key == "mlsystem.pipeline_run_id"));
        var nested = world.Registry.Runs.Where(r => r.Tags.Any(t => t.Key == "mlflow.parentRunId" && t.Value == parent.Id)).ToList();
        Assert.Equal(14, nested.Count);
        Assert.All(nested, r => Assert.Equal(("FINISHED", true, true), (r.Status, r.Metrics.ContainsKey("log_loss"), r.Params.ContainsKey("l2"))));
        Assert.Contains(world.Registry.Artifacts.Keys, k => k.EndsWith("tuning/history.svg", StringComparison.Ordinal));
        Assert.Equal(14, (await host.Http.SendAsync(HttpMethod.Get, $"/api/runs/{id}/trials"))["trials"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_search_by_iterations_goes_on_after_a_restart_where_it_was()
    {
        await using var world = await World.StartAsync();
        var document = Documents.Valid;
        document["trainer"] = JsonNode.Parse("""{ "kind": "lightgbm", "task": "binary_classification" }""");
        document["tuning"] = JsonNode.Parse("""
            { "algorithm": "asha", "sampler": "tpe", "metric": "auc", "max_trials": 18, "parallel_trials": 2,
              "resource": { "parameter": "iterations", "min": 5, "max": 45 }, "space": { "leaves": { "type": "int", "min": 2, "max": 32, "log": true } } }
            """);
        string id;
        await using (var host = await world.HostAsync())
        {
            await Documents.PrepareAsync(world);
            id = await StartAsync(host, document);
            await MlSystem.Testing.Eventually.TrueAsync(
                async () => (await host.Http.SendAsync(HttpMethod.Get, $"/api/runs/{id}/trials"))["trials"]!.AsArray().Count(t => t!.Text("state") == "finished") >= 2, TimeSpan.FromSeconds(120), "two finished trials");
        }

        await using var next = await world.HostAsync();
        await next.Http.WaitAsync(id, run => run.Text("state") is "succeeded" or "failed", seconds: 120);
        await next.Http.WaitForStateAsync(id, "succeeded");
        var lines = (await ReadAsync(world, id, "03-tune.trials.jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!).ToList();
        var checkpoints = lines.Where(l => l["point"] is null && l["rung"] is not null).Select(l => ((int)l["trial"]!, (int)l["rung"]!)).ToList();
        Assert.Equal(checkpoints.Count, checkpoints.Distinct().Count());
        Assert.Equal(18, lines.Count(l => l["point"] is not null));
        Assert.Contains(checkpoints, c => c.Item2 == 2);
    }

    [Fact]
    public async Task Mistakes_in_the_search_are_told_with_their_place()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync(("Training:Workers", "0"));
        var document = Documents.Valid;
        document["tuning"] = JsonNode.Parse("""
            { "algorithm": "hyperband", "metric": "rmse", "more": 1,
              "space": { "leaves": { "type": "int", "min": 2, "max": 9 }, "l2": { "type": "log_uniform", "min": 0, "max": 3 }, "maximum_categories": { "type": "choice", "values": ["a"] } } }
            """);
        var text = (await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", document.ToJsonString(), 422)).ToJsonString();
        foreach (var path in new[] { "$.tuning.metric", "$.tuning.more", "$.tuning.resource", "$.tuning.space.leaves", "$.tuning.space.l2.min", "$.tuning.space.maximum_categories" })
        {
            Assert.Contains(path, text, StringComparison.Ordinal);
        }

        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", Documents.Valid.ToJsonString(), 201);
        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
        await host.Http.SendAsync(HttpMethod.Get, $"/api/runs/{id}/trials", expected: 409);
        await host.Http.SendAsync(HttpMethod.Get, "/api/runs/none/trials", expected: 404);
    }

    private static async Task<string> StartAsync(TrainingHost host, JsonObject document)
    {
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", document.ToJsonString(), 201);
        return (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
    }

    private static Task<string> ReadAsync(World world, string run, string file) =>
        File.ReadAllTextAsync(Directory.EnumerateFiles(world.Folder.Path, file, SearchOption.AllDirectories).Single(f => f.Contains(run, StringComparison.Ordinal)));
}
