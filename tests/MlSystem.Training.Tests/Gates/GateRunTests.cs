using System.Text.Json.Nodes;
using MlSystem.Testing;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;

namespace MlSystem.Training.Tests.Gates;

public sealed class GateRunTests
{
    [Fact]
    public async Task Every_rule_writes_its_numbers_and_the_worse_model_is_registered_as_refused()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        var document = Documents.Valid;
        document["gate"] = JsonNode.Parse("""
            {
              "thresholds": [{ "metric": "auc", "min": 0.5 }],
              "champion": { "level": 0.05, "tests": [{ "method": "paired_z" }, { "method": "bootstrap", "metric": "auc", "resamples": 200, "margin": 0.05 }, { "method": "mcnemar" }, { "method": "delong" }] },
              "slices": [{ "column": "contract", "metric": "auc", "max_worse": 0.3, "min_rows": 20 }, { "column": "tenure", "ranges": [35], "metric": "accuracy", "min": 0.1, "min_rows": 20 }],
              "latency": { "max_p99_ms": 60000, "calls": 100 },
              "max_size_bytes": 10000000,
              "signature": "same"
            }
            """);
        var first = await RunAsync(world, host, document, 201);
        Assert.True((bool)first["passed"]!, first.ToJsonString());
        Assert.Null(first["champion"]);
        document["trainer"]!["parameters"]!["l2"] = 5000;
        var second = await RunAsync(world, host, document, 201);
        Assert.False((bool)second["passed"]!, second.ToJsonString());
        Assert.Equal(1, (int)second["champion"]!);
        Assert.Equal(["paired_z", "bootstrap", "mcnemar", "delong"], second["comparisons"]!.AsArray().Select(c => (string)c!["method"]!));
        Assert.False((bool)second["comparisons"]![0]!["passed"]!);
        Assert.Equal(4, second["slices"]!.AsArray().Count);
        Assert.True((bool)second["latency"]!["passed"]! && (bool)second["size"]!["passed"]! && (bool)second["signature"]!["passed"]! && (bool)second["validation"]!["passed"]!);
        Assert.Equal(1, world.Registry.Aliases["champion"]);
        Assert.Contains(world.Registry.Versions[1].Tags, t => t is { Key: "mlsystem.gate", Value: "refused" });
    }

    [Fact]
    public async Task A_champion_without_a_signature_is_a_clear_reason_and_budgets_refuse()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        var document = Documents.Valid;
        await RunAsync(world, host, document, 201);
        foreach (var file in world.Registry.Artifacts.Keys.Where(k => k.EndsWith("signature.json", StringComparison.Ordinal)))
        {
            world.Registry.Artifacts.TryRemove(file, out _);
        }

        document["gate"]!["max_size_bytes"] = 10;
        document["gate"]!["signature"] = "added_inputs";
        var refused = await RunAsync(world, host, document, 201);
        Assert.Equal(
            [
                "version 1 has no signature.json that can be read, so the signatures cannot be compared (policy added_inputs)",
                "version 1 has no signature.json that can be read, so the two cannot be compared",
                $"the model has {(long)refused["size"]!["bytes"]!} bytes, more than 10",
            ],
            refused["reasons"]!.AsArray().Select(r => (string)r!));
    }

    [Fact]
    public async Task A_registry_that_refuses_the_question_for_the_champion_is_no_missing_champion()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        world.Registry.Before = context => Task.FromResult<int?>(context.Request.Path.Value!.EndsWith("registered-models/get", StringComparison.Ordinal) ? 400 : null);
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", Documents.Valid.ToJsonString(), 201);
        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
        var run = await host.Http.WaitForStateAsync(id, "failed");
        Assert.Equal("gate", run.Text("failed_step"));
    }

    [Fact]
    public async Task Mistakes_in_the_gate_are_told_with_their_place()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync(("Training:Workers", "0"));
        var document = Documents.Valid;
        document["gate"] = JsonNode.Parse("""
            {
              "champion": { "tests": [{ "method": "guess" }, { "method": "delong", "resamples": 500 }, { "method": "bootstrap", "metric": "rmse" }] },
              "slices": [{ "column": "contract", "metric": "auc" }, { "column": "tenure", "metric": "auc", "min": 0, "ranges": [3, 1] }],
              "latency": {}, "signature": "some"
            }
            """);
        var answer = await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", document.ToJsonString(), 422);
        var text = answer.ToJsonString();
        foreach (var path in new[] { "champion.tests[0].method", "champion.tests[1].resamples", "champion.tests[2].metric", "slices[0]", "slices[1].ranges", "latency.max_p99_ms", "gate.signature" })
        {
            Assert.Contains(path, text, StringComparison.Ordinal);
        }
    }

    private static async Task<JsonNode> RunAsync(World world, TrainingHost host, JsonObject document, int expected)
    {
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", document.ToJsonString(), expected);
        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
        await host.Http.WaitForStateAsync(id, "succeeded");
        var file = Directory.EnumerateFiles(world.Folder.Path, "gate.json", SearchOption.AllDirectories).Single(f => f.Contains(id, StringComparison.Ordinal));
        return JsonNode.Parse(await File.ReadAllTextAsync(file))!;
    }
}
