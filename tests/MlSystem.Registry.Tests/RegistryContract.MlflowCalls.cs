using System.Text.Json;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests;

/// <summary>Small calls of MLflow, each for what it changes.</summary>
public abstract partial class RegistryContract
{
    [Fact]
    public async Task Experiments_are_found_by_name_and_runs_deleted_restored_and_tagged()
    {
        var name = RegistryClient.Unique("exp");
        var experiment = (await Registry.PostAsync("experiments/create", new { name })).Ok().Body.GetProperty("experiment_id").GetString()!;
        Assert.Equal(experiment, (await Registry.GetAsync($"experiments/get-by-name?experiment_name={name}")).Ok().Body.GetProperty("experiment").GetProperty("experiment_id").GetString());
        (await Registry.GetAsync("experiments/get-by-name?experiment_name=absent")).Refused("RESOURCE_DOES_NOT_EXIST", 404);

        var (run, _) = await Registry.RunAsync(experiment);
        (await Registry.PostAsync("runs/delete", new { run_id = run })).Ok();
        Assert.Equal("deleted", await StageAsync(run));
        (await Registry.PostAsync("runs/set-tag", new { run_id = run, key = "k", value = "v" })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("runs/restore", new { run_id = run })).Ok();
        Assert.Equal("active", await StageAsync(run));
        (await Registry.PostAsync("runs/set-tag", new { run_id = run, key = "k", value = "v" })).Ok();
        Assert.Equal("v", await TagAsync("k"));
        (await Registry.PostAsync("runs/delete-tag", new { run_id = run, key = "k" })).Ok();
        (await Registry.PostAsync("runs/delete-tag", new { run_id = run, key = "k" })).Refused("RESOURCE_DOES_NOT_EXIST", 404);

        (await Registry.PostAsync("runs/log-model", new { run_id = run, model_json = """{"artifact_path":"one"}""" })).Ok();
        (await Registry.PostAsync("runs/log-model", new { run_id = run, model_json = """{"artifact_path":"two"}""" })).Ok();
        Assert.Equal(["one", "two"], JsonElement.Parse(await TagAsync("mlflow.log-model.history")).EnumerateArray().Select(m => m.GetProperty("artifact_path").GetString()));
        (await Registry.PostAsync("runs/log-model", new { run_id = run, model_json = "{" })).Refused("INVALID_PARAMETER_VALUE");

        async Task<string> TagAsync(string key) => (await Registry.GetAsync($"runs/get?run_id={run}")).Ok().Body.GetProperty("run").GetProperty("data").GetProperty("tags")
            .EnumerateArray().Single(t => t.GetProperty("key").GetString() == key).GetProperty("value").GetString()!;
    }

    [Fact]
    public async Task Models_and_versions_are_described_tagged_and_found()
    {
        var name = await Registry.ModelAsync();
        await Registry.ServableAsync(name);
        (await Registry.SendAsync(HttpMethod.Patch, "/api/2.0/mlflow/registered-models/update", new { name, description = "of a model" })).Ok();
        (await Registry.SendAsync(HttpMethod.Patch, "/api/2.0/mlflow/model-versions/update", new { name, version = "1", description = "of a version" })).Ok();
        (await Registry.PostAsync("registered-models/set-tag", new { name, key = "team", value = name })).Ok();
        (await Registry.PostAsync("model-versions/set-tag", new { name, version = "1", key = "rows", value = name })).Ok();
        var model = (await Registry.GetAsync($"registered-models/search?filter={Uri.EscapeDataString($"tags.team = '{name}'")}")).Ok().Body.GetProperty("registered_models")[0];
        Assert.Equal(("of a model", "1"), (model.GetProperty("description").GetString(), model.GetProperty("latest_versions")[0].GetProperty("version").GetString()));
        var version = (await Registry.GetAsync($"model-versions/search?filter={Uri.EscapeDataString($"tags.rows = '{name}'")}")).Ok().Body.GetProperty("model_versions")[0];
        Assert.Equal("of a version", version.GetProperty("description").GetString());
        (await Registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/registered-models/delete-tag", new { name, key = "team" })).Ok();
        (await Registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/model-versions/delete-tag", new { name, version = "1", key = "rows" })).Ok();
        Assert.False((await Registry.GetAsync($"registered-models/get?name={name}")).Ok().Body.GetProperty("registered_model").TryGetProperty("tags", out _));
        Assert.False((await Registry.GetAsync($"model-versions/get?name={name}&version=1")).Ok().Body.GetProperty("model_version").TryGetProperty("tags", out _));
    }
}
