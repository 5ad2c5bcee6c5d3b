using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlSystem.Contracts;
using MlSystem.Testing;
using MlSystem.Training.Tests.Doubles;

namespace MlSystem.Training.Tests.Samples;

public sealed class ChurnSampleTests
{
    [Fact]
    public async Task The_sample_runs_from_definitions_to_champion_once_however_often_it_is_asked_for()
    {
        await using var world = await World.StartAsync();
        string id;
        await using (var host = await world.HostAsync())
        {
            // Eight at the same time: all get the one run.
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => host.Http.SendAsync(HttpMethod.Post, "/api/samples/churn", expected: 202)));
            id = Assert.Single(answers.Select(a => a.Text("run_id")).Distinct());
            var run = await host.Http.WaitForStateAsync(id, "succeeded");
            Assert.Equal("churn", run.Text("model"));
            Assert.Equal(1, (int)run["model_version"]!);
            CheckRegistry(world.Registry, id);
            Assert.Equal(7043, world.Features.RowCount);
            var again = await host.Http.SendAsync(HttpMethod.Post, "/api/samples/churn");
            Assert.True((bool)again["already_done"]!);
            Assert.Equal(id, again.Text("run_id"));
        }

        await using var restarted = await world.HostAsync();
        var after = await restarted.Http.SendAsync(HttpMethod.Post, "/api/samples/churn");
        Assert.True((bool)after["already_done"]!);
        Assert.Equal(id, after.Text("run_id"));
        Assert.Single(world.Registry.Versions);
        Assert.Single(world.Registry.Runs);
        Assert.Equal(1, world.Features.Count("POST /api/feature-views"));
    }

    [Fact]
    public async Task The_same_data_and_seed_give_the_same_model_and_pass_the_comparison_with_the_champion()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await host.Http.WaitForStateAsync((await host.Http.SendAsync(HttpMethod.Post, "/api/samples/churn", expected: 202)).Text("run_id"), "succeeded");
        var second = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/churn/runs", """{"trigger":"drift","evidence":"alert 7"}""", 202)).Text("run_id");
        await host.Http.WaitForStateAsync(second, "succeeded");
        Assert.Equal(world.Registry.File(1, ModelFiles.Onnx), world.Registry.File(2, ModelFiles.Onnx));
        Assert.Equal(2, world.Registry.Aliases["champion"]);
        var lineage = Lineage(world.Registry, 2);
        Assert.Equal(1, lineage.ParentVersion);
        Assert.Equal(new RunTrigger { Kind = "drift", Evidence = "alert 7" }, lineage.Trigger);
        Assert.Equal(Lineage(world.Registry, 1).DataFingerprint, lineage.DataFingerprint);
        Assert.Equal(FormWithoutParameters(Golden.Text("model_lineage")), FormWithoutParameters(Encoding.UTF8.GetString(world.Registry.File(2, ModelFiles.Lineage))));
    }

    [Fact]
    public async Task An_unknown_sample_is_refused_with_the_list_of_samples()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var problem = await host.Http.SendAsync(HttpMethod.Post, "/api/samples/nothing", expected: 404);
        Assert.Contains("churn", problem.Text("detail"), StringComparison.Ordinal);
        var list = await host.Http.SendAsync(HttpMethod.Get, "/api/samples");
        Assert.Equal("churn", list["samples"]![0]!.Text("name"));
    }

    [Fact]
    public async Task A_sample_that_failed_goes_on_where_it_stopped_when_it_is_asked_for_again()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        world.Registry.Refusal = "model.onnx has no inputs";
        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/samples/churn", expected: 202)).Text("run_id");
        var failed = await host.Http.WaitForStateAsync(id, "failed");
        Assert.Equal("register", failed.Text("failed_step"));
        Assert.Contains("model.onnx has no inputs", failed.Text("error"), StringComparison.Ordinal);
        Assert.Empty(world.Registry.Aliases);

        world.Registry.Refusal = null;
        Assert.Equal(id, (await host.Http.SendAsync(HttpMethod.Post, "/api/samples/churn", expected: 202)).Text("run_id"));
        var run = await host.Http.WaitForStateAsync(id, "succeeded");
        Assert.Equal(1, (int)run.Step("train")["attempts"]!);
        Assert.Equal(2, (int)run.Step("register")["attempts"]!);
        Assert.Single(world.Registry.Versions);
    }

    private static void CheckRegistry(RegistryDouble registry, string runId)
    {
        Assert.Equal(1, registry.Aliases["champion"]);
        var run = Assert.Single(registry.Runs);
        Assert.Equal("FINISHED", run.Status);
        Assert.InRange(run.Metrics["auc"], 0.83, 0.95);
        Assert.Equal("lightgbm", run.Params["algorithm"]);
        var version = Assert.Single(registry.Versions);
        Assert.Contains(version.Tags, t => t is { Key: "mlsystem.gate", Value: "passed" });
        string[] files = [ModelFiles.Onnx, ModelFiles.Signature, ModelFiles.Baseline, ModelFiles.Metrics, ModelFiles.Lineage];
        Assert.Equal(files.Order(), registry.Artifacts.Keys.Where(p => p.Contains("/model/", StringComparison.Ordinal)).Select(p => p.Split('/')[^1]).Order());
        string[] evaluation = ["calibration.svg", "confusion.json", "confusion.svg", "precision_recall.svg", "roc.svg"];
        Assert.Equal(evaluation, registry.Artifacts.Keys.Where(p => p.Contains("/evaluation/", StringComparison.Ordinal)).Select(p => p.Split('/')[^1]).Order());
        Assert.Equal(run.Metrics["auc"], (double)JsonNode.Parse(registry.File(1, ModelFiles.Metrics))!["auc"]!);
        CheckSignature(JsonSerializer.Deserialize(registry.File(1, ModelFiles.Signature), ContractsJson.Default.ModelSignature)!);
        var baseline = JsonSerializer.Deserialize(registry.File(1, ModelFiles.Baseline), ContractsJson.Default.Baseline)!;
        var lineage = Lineage(registry, 1);
        Assert.Equal(baseline.Rows, lineage.TrainingRows);
        Assert.InRange(lineage.TrainingRows, 5400, 5850);
        Assert.Equal((run.Id, "churn", runId), (lineage.RunId, lineage.Pipeline, lineage.PipelineRunId));
        Assert.Equal(("churn_v1", 1), (lineage.FeatureService, lineage.FeatureServiceVersion));
        Assert.Equal(("customer_id", "BYTES"), (Assert.Single(lineage.JoinKeys).Name, lineage.JoinKeys[0].Datatype));
        Assert.Matches("^[0-9a-f]{64}$", lineage.DataFingerprint);
        Assert.Equal(run.Params, lineage.Parameters);
        Assert.Null(lineage.ParentVersion);
        Assert.Equal("manual", lineage.Trigger.Kind);
        Assert.NotEqual("unknown", lineage.CodeVersion);
    }

    private static void CheckSignature(ModelSignature signature)
    {
        Assert.Equal(19, signature.Inputs.Count);
        Assert.DoesNotContain(signature.Inputs, i => i.Name is "churn" or "customer_id");
        Assert.Equal(["No", "Yes"], signature.Outputs.Single(o => o.Name == StandardOutputs.Label).Categories!);
        Assert.Equal("FP32", signature.Inputs.Single(i => i.Name == "total_charges").Datatype);
        Assert.True(signature.Inputs.Single(i => i.Name == "total_charges").Nullable);
    }

    private static IReadOnlySet<string> FormWithoutParameters(string json)
    {
        var document = JsonNode.Parse(json)!.AsObject();
        Assert.True(document.Remove("parameters"));

        // The sample's features need none.
        document.Remove("request_columns");
        return Golden.Form(document.ToJsonString());
    }

    private static ModelLineage Lineage(RegistryDouble registry, int version) =>
        JsonSerializer.Deserialize(registry.File(version, ModelFiles.Lineage), ContractsJson.Default.ModelLineage)!;
}
