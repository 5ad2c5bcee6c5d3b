using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests;

/// <summary>MLflow's calls that its clients make beside logging values.</summary>
public abstract partial class RegistryContract
{
    [Fact]
    public async Task Inputs_and_outputs_of_a_run_are_kept_and_found()
    {
        var experiment = await Registry.ExperimentAsync();
        var (run, _) = await Registry.RunAsync(experiment);
        var model = await LoggedModelAsync(experiment, run);
        var dataset = new { tags = new[] { new { key = "mlflow.data.context", value = "training" } }, dataset = new { name = "churn", digest = "d1", source_type = "local", source = "{}", schema = "{}" } };
        (await Registry.PostAsync("runs/log-inputs", new { run_id = run, datasets = new[] { dataset }, models = new[] { new { model_id = model } } })).Ok();
        (await Registry.PostAsync("runs/outputs", new { run_id = run, models = new[] { new { model_id = model, step = 3 } } })).Ok();

        var body = (await Registry.GetAsync($"runs/get?run_id={run}")).Ok().Body.GetProperty("run");
        var input = Assert.Single(body.GetProperty("inputs").GetProperty("dataset_inputs").EnumerateArray());
        Assert.Equal(("churn", "training"), (input.GetProperty("dataset").GetProperty("name").GetString(), input.GetProperty("tags")[0].GetProperty("value").GetString()));
        Assert.Equal(3, body.GetProperty("outputs").GetProperty("model_outputs")[0].GetProperty("step").GetInt32());
        Assert.Equal([run], (await FindAsync(experiment, "dataset.name = 'churn' and datasets.context = 'training' and dataset.digest LIKE 'd%'")).Ids);
        Assert.Empty((await FindAsync(experiment, "dataset.context = 'evaluation'")).Ids);
        var summary = Assert.Single((await Registry.PostAsync("experiments/search-datasets", new { experiment_ids = new[] { experiment } })).Ok().Body.GetProperty("dataset_summaries").EnumerateArray());
        Assert.Equal("training", summary.GetProperty("context").GetString());
        (await Registry.PostAsync("runs/outputs", new { run_id = run, models = new[] { new { model_id = "m-absent", step = 0 } } })).Refused("RESOURCE_DOES_NOT_EXIST", 404);
        (await Registry.PostAsync("runs/log-inputs", new { run_id = run, datasets = new[] { new { dataset = new { name = "x" } } } })).Refused("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task A_deleted_experiment_takes_its_runs_along_and_brings_them_back()
    {
        var experiment = await Registry.ExperimentAsync();
        var (run, _) = await Registry.RunAsync(experiment);
        (await Registry.PostAsync("experiments/set-experiment-tag", new { experiment_id = experiment, key = "k", value = "v" })).Ok();
        (await Registry.PostAsync("experiments/delete-experiment-tag", new { experiment_id = experiment, key = "k" })).Ok();
        (await Registry.PostAsync("experiments/delete-experiment-tag", new { experiment_id = experiment, key = "k" })).Refused("RESOURCE_DOES_NOT_EXIST", 404);
        (await Registry.PostAsync("experiments/delete", new { experiment_id = experiment })).Ok();
        Assert.Equal("deleted", await StageAsync(run));
        (await Registry.PostAsync("experiments/update", new { experiment_id = experiment, new_name = "x" })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("experiments/delete", new { experiment_id = experiment })).Refused("RESOURCE_DOES_NOT_EXIST", 404);
        var found = (await Registry.PostAsync("experiments/search", new { view_type = "DELETED_ONLY", max_results = 1000 })).Ok().Body.GetProperty("experiments");
        Assert.Contains(found.EnumerateArray(), e => e.GetProperty("experiment_id").GetString() == experiment);
        (await Registry.PostAsync("experiments/restore", new { experiment_id = experiment })).Ok();
        Assert.Equal("active", await StageAsync(run));
    }

    [Fact]
    public async Task A_history_is_paged_and_sampled()
    {
        var (run, _) = await Registry.RunAsync();
        (await Registry.PostAsync("runs/log-batch", new { run_id = run, metrics = Enumerable.Range(0, 100).Select(i => new { key = "m", value = i, timestamp = i, step = i }) })).Ok();
        var first = (await Registry.GetAsync($"metrics/get-history?run_id={run}&metric_key=m&max_results=60")).Ok().Body;
        var second = (await Registry.GetAsync($"metrics/get-history?run_id={run}&metric_key=m&max_results=60&page_token={first.GetProperty("next_page_token").GetString()}")).Ok().Body;
        Assert.Equal((60, 40), (first.GetProperty("metrics").GetArrayLength(), second.GetProperty("metrics").GetArrayLength()));
        Assert.False(second.TryGetProperty("next_page_token", out _));
        var sampled = (await Registry.GetAsync($"metrics/get-history-bulk-interval?run_ids={run}&metric_key=m&max_results=10")).Ok().Body.GetProperty("metrics").EnumerateArray().ToList();
        Assert.Equal((11, 0, 99, run), (sampled.Count, sampled[0].GetProperty("step").GetInt32(), sampled[^1].GetProperty("step").GetInt32(), sampled[0].GetProperty("run_id").GetString()));
        (await Registry.GetAsync($"metrics/get-history-bulk-interval?run_ids={run}&metric_key=m&start_step=1")).Refused("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task Runs_with_and_without_a_param_or_tag_are_found()
    {
        var experiment = await Registry.ExperimentAsync();
        var (with, without) = ((await Registry.RunAsync(experiment)).Id, (await Registry.RunAsync(experiment)).Id);
        (await Registry.PostAsync("runs/log-batch", new { run_id = with, @params = new[] { new { key = "depth", value = "6" } }, tags = new[] { new { key = "a b", value = "" } } })).Ok();
        Assert.Equal([with], (await FindAsync(experiment, "params.depth IS NOT NULL")).Ids);
        Assert.Equal([without], (await FindAsync(experiment, "params.depth is null and tags.`a b` IS NULL")).Ids);
        Assert.Equal([with], (await FindAsync(experiment, "tags.`a b` is not null")).Ids);
        foreach (var filter in new[] { "metrics.m IS NULL", "status IS NOT NULL", "dataset.name IS NULL", "params.depth IS", "params.depth IS NOT", "params.depth IS 'x'" })
        {
            (await Registry.PostAsync("runs/search", new { experiment_ids = new[] { experiment }, filter })).Refused("INVALID_PARAMETER_VALUE");
        }
    }

    [Fact]
    public async Task Experiments_with_and_without_a_tag_are_found()
    {
        var (with, without, key) = (await Registry.ExperimentAsync(), await Registry.ExperimentAsync(), RegistryClient.Unique("tag"));
        (await Registry.PostAsync("experiments/set-experiment-tag", new { experiment_id = with, key, value = "x" })).Ok();
        Assert.Equal([with], await SearchAsync($"tags.`{key}` IS NOT NULL"));
        var others = await SearchAsync($"tags.`{key}` IS NULL");
        Assert.Contains(without, others);
        Assert.DoesNotContain(with, others);

        async Task<IReadOnlyList<string>> SearchAsync(string filter) =>
            [.. (await Registry.PostAsync("experiments/search", new { filter, max_results = 1000 })).Ok().Body.GetProperty("experiments").EnumerateArray().Select(e => e.GetProperty("experiment_id").GetString()!)];
    }

    [Fact]
    public async Task Stages_take_turns_and_Production_of_a_servable_version_serves()
    {
        var name = await Registry.ModelAsync();
        var (one, two) = (await Registry.ServableAsync(name), await Registry.ServableAsync(name));
        await MoveAsync(name, one, "staging");
        Assert.Equal("Staging", await MoveAsync(name, two, "STAGING", archive: true));
        var latest = (await Registry.PostAsync("registered-models/get-latest-versions", new { name })).Ok().Body.GetProperty("model_versions");
        Assert.Equal([("1", "Archived"), ("2", "Staging")], latest.EnumerateArray().Select(v => (v.GetProperty("version").GetString()!, v.GetProperty("current_stage").GetString()!)));
        Assert.Equal("2", (await Registry.GetAsync($"registered-models/get-latest-versions?name={name}&stages=Staging")).Ok().Body.GetProperty("model_versions")[0].GetProperty("version").GetString());

        await MoveAsync(name, one, "Production");
        Assert.Equal((one, 1L), await ServedAsync(name));
        await MoveAsync(name, two, "Production", archive: true);
        Assert.Equal((two, 2L), await ServedAsync(name));
        (await Registry.SendAsync(HttpMethod.Post, $"/api/endpoints/{name}/rollback")).Ok();
        var versions = (await Registry.PostAsync("model-versions/search", new { filter = $"name = '{name}'", order_by = new[] { "version_number ASC" } })).Ok().Body.GetProperty("model_versions");
        Assert.Equal(["Production", "Archived"], versions.EnumerateArray().Select(v => v.GetProperty("current_stage").GetString()));

        (await Registry.PostAsync("model-versions/transition-stage", new { name, version = "1", stage = "Live" })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("model-versions/transition-stage", new { name, version = "1", stage = "Archived", archive_existing_versions = true })).Refused("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task What_serves_can_not_be_deleted_or_renamed()
    {
        var name = await Registry.ModelAsync();
        var (one, two) = (await Registry.ServableAsync(name), await Registry.ServableAsync(name));
        await Registry.ChampionAsync(name, one);
        var refused = (await DeleteAsync("model-versions/delete", new { name, version = "1" })).Refused("RESOURCE_CONFLICT", 409);
        Assert.Contains($"endpoint '{name}'", refused.Body.GetProperty("message").GetString(), StringComparison.Ordinal);
        (await DeleteAsync("registered-models/delete", new { name })).Refused("RESOURCE_CONFLICT", 409);
        (await Registry.PostAsync("registered-models/rename", new { name, new_name = name + "-b" })).Refused("RESOURCE_CONFLICT", 409);
        await Registry.ChampionAsync(name, two);
        (await DeleteAsync("model-versions/delete", new { name, version = "1" })).Ok();
        (await Registry.GetAsync($"model-versions/get?name={name}&version=1")).Refused("RESOURCE_DOES_NOT_EXIST", 404);
        Assert.Equal(3, await Registry.VersionAsync(name, (await Registry.RunAsync()).Id));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await Registry.SendAsync(HttpMethod.Post, $"/api/endpoints/{name}/rollback")).Status);

        var ensemble = await Registry.ModelAsync();
        var member = await Registry.ModelAsync();
        await Registry.ServableAsync(member);
        var (run, artifacts) = await Registry.RunAsync();
        var spec = new { nodes = new { root = new { router_type = "Sequence", steps = new[] { new { model = member, version = 1 } } } } };
        (await Registry.UploadAsync($"{artifacts}/model/ensemble.json", JsonSerializer.SerializeToUtf8Bytes(spec))).Ok();
        await Registry.VersionAsync(ensemble, run);
        Assert.Equal("servable", (await Registry.ValidatedAsync(ensemble, 1)).GetProperty("status").GetString());
        Assert.Contains(ensemble, (await DeleteAsync("model-versions/delete", new { name = member, version = "1" })).Refused("RESOURCE_CONFLICT", 409).Body.GetProperty("message").GetString(), StringComparison.Ordinal);
        (await DeleteAsync("registered-models/delete", new { name = ensemble })).Ok();
        var renamed = RegistryClient.Unique("renamed");
        Assert.Equal(renamed, (await Registry.PostAsync("registered-models/rename", new { name = member, new_name = renamed })).Ok().Body.GetProperty("registered_model").GetProperty("name").GetString());
        (await DeleteAsync("registered-models/delete", new { name = renamed })).Ok();
        (await Registry.GetAsync($"registered-models/get?name={renamed}")).Refused("RESOURCE_DOES_NOT_EXIST", 404);
    }

    [Fact]
    public async Task A_logged_model_is_made_filled_registered_and_found()
    {
        var experiment = await Registry.ExperimentAsync();
        var (run, _) = await Registry.RunAsync(experiment);
        var id = await LoggedModelAsync(experiment, run);
        var root = (await Registry.GetAsync($"logged-models/{id}")).Ok().Body.GetProperty("model").GetProperty("info").GetProperty("artifact_uri").GetString()!["mlflow-artifacts:/".Length..];
        (await Registry.UploadAsync($"{root}/model.onnx", TinyModels.Identity())).Ok();
        (await Registry.UploadAsync($"{root}/signature.json", Encoding.UTF8.GetBytes(TinyModels.IdentitySignature))).Ok();
        (await SendAsync(HttpMethod.Patch, $"logged-models/{id}", new { status = "LOGGED_MODEL_READY" })).Ok();
        (await SendAsync(HttpMethod.Patch, $"logged-models/{id}/tags", new { tags = new[] { new { key = "a/b", value = "x" } } })).Ok();
        (await SendAsync(HttpMethod.Post, $"logged-models/{id}/params", new { @params = new[] { new { key = "depth", value = "6" } } })).Ok();
        (await SendAsync(HttpMethod.Post, $"logged-models/{id}/params", new { @params = new[] { new { key = "depth", value = "7" } } })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("runs/log-metric", new { run_id = run, key = "auc", value = 0.8, timestamp = 1, step = 1, model_id = id, dataset_name = "test", dataset_digest = "d" })).Ok();
        (await Registry.PostAsync("runs/log-metric", new { run_id = run, key = "auc", value = 0.9, timestamp = 2, step = 2, model_id = id, dataset_name = "test", dataset_digest = "d" })).Ok();

        var model = (await Registry.GetAsync($"logged-models/{id}")).Ok().Body.GetProperty("model");
        var metric = Assert.Single(model.GetProperty("data").GetProperty("metrics").EnumerateArray());
        Assert.Equal((0.9, "test", run), (metric.GetProperty("value").GetDouble(), metric.GetProperty("dataset_name").GetString(), metric.GetProperty("run_id").GetString()));
        Assert.Equal([id], await SearchLoggedAsync(experiment, "metrics.auc > 0.85 and params.depth = '6' and tags.`a/b` = 'x' and status = 'READY' and name LIKE 'clf%'"));
        Assert.Empty(await SearchLoggedAsync(experiment, "metrics.auc < 0.85"));
        Assert.Empty(await SearchLoggedAsync(experiment, "metrics.auc > 0.85", "other"));
        Assert.Equal([id], await SearchLoggedAsync(experiment, "metrics.auc > 0.85", "test"));
        Assert.Equal(["model.onnx", "signature.json"], (await Registry.GetAsync($"logged-models/{id}/artifacts/directories")).Ok().Body.GetProperty("files").EnumerateArray().Select(f => f.GetProperty("path").GetString()));

        var name = await Registry.ModelAsync();
        var version = (await Registry.PostAsync("model-versions/create", new { name, source = $"models:/{id}" })).Ok().Body.GetProperty("model_version");
        Assert.Equal((id, run), (version.GetProperty("model_id").GetString(), version.GetProperty("run_id").GetString()));
        Assert.Equal(name, (await Registry.GetAsync($"logged-models/{id}")).Ok().Body.GetProperty("model").GetProperty("info").GetProperty("registrations")[0].GetProperty("name").GetString());
        Assert.Equal("servable", (await Registry.ValidatedAsync(name, 1)).GetProperty("status").GetString());
        (await SendAsync(HttpMethod.Delete, $"logged-models/{id}/tags/a%2Fb", null)).Ok();
        (await SendAsync(HttpMethod.Delete, $"logged-models/{id}", null)).Ok();
        (await Registry.GetAsync($"logged-models/{id}")).Refused("RESOURCE_DOES_NOT_EXIST", 404);
    }

    [Fact]
    public async Task A_copied_version_and_a_download_have_the_files_of_the_version()
    {
        var name = await Registry.ModelAsync();
        await Registry.ServableAsync(name);
        var copy = await Registry.ModelAsync();
        (await Registry.PostAsync("model-versions/create", new { name = copy, source = $"models:/{name}/1" })).Ok();
        Assert.Equal("servable", (await Registry.ValidatedAsync(copy, 1)).GetProperty("status").GetString());
        var uri = (await Registry.GetAsync($"model-versions/get-download-uri?name={name}&version=1")).Ok().Body.GetProperty("artifact_uri").GetString()!["mlflow-artifacts:/".Length..];
        var files = (await Registry.NativeAsync($"/api/2.0/mlflow-artifacts/artifacts?path={uri}")).Ok().Body.GetProperty("files").EnumerateArray().Select(f => f.GetProperty("path").GetString());
        Assert.Equal(["model.onnx", "signature.json"], files);
        Assert.Equal(TinyModels.Identity(), await Registry.DownloadAsync($"{uri}/model.onnx"));
        (await Registry.UploadAsync($"{uri}/model.onnx", [1])).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.SendAsync(HttpMethod.Delete, $"/api/2.0/mlflow-artifacts/artifacts/{uri}")).Refused("INVALID_PARAMETER_VALUE");
    }

    [Theory]
    [InlineData("runs:/absent/model")]
    [InlineData("s3://bucket/model")]
    public async Task A_version_of_files_that_are_not_here_is_registered_and_not_servable(string source)
    {
        var name = await Registry.ModelAsync();
        (await Registry.PostAsync("model-versions/create", new { name, source })).Ok();
        Assert.Equal($"this registry has no files at '{source}'", (await Registry.ValidatedAsync(name, 1)).GetProperty("reason").GetString());
        (await Registry.PostAsync("model-versions/create", new { name, source = "/etc" })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("model-versions/create", new { name, source = "file:///etc" })).Refused("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task Prompts_are_found_only_when_asked_for()
    {
        var name = RegistryClient.Unique("prompt");
        var tags = new[] { new { key = "mlflow.prompt.is_prompt", value = "true" } };
        (await Registry.PostAsync("registered-models/create", new { name, tags })).Ok();
        (await Registry.PostAsync("model-versions/create", new { name, source = "dummy-source", tags })).Ok();
        Assert.Equal(0, Count((await Registry.PostAsync("registered-models/search", new { filter = $"name = '{name}'" })).Ok().Body, "registered_models"));
        Assert.Equal(1, Count((await Registry.PostAsync("registered-models/search", new { filter = $"name = '{name}' and tags.`mlflow.prompt.is_prompt` = 'true'" })).Ok().Body, "registered_models"));
        Assert.Equal(0, Count((await Registry.PostAsync("model-versions/search", new { filter = $"name = '{name}'" })).Ok().Body, "model_versions"));
    }

    [Fact]
    public async Task What_MLflow_has_and_the_registry_has_not_is_refused_clearly()
    {
        (await Registry.SendAsync(HttpMethod.Post, "/api/3.0/mlflow/traces", new { })).Refused("NOT_IMPLEMENTED", 501);
        (await Registry.GetAsync("traces")).Refused("NOT_IMPLEMENTED", 501);
        var refused = (await Registry.SendAsync(HttpMethod.Post, "/api/2.0/mlflow-artifacts/mpu/create/1/a", new { path = "a", num_parts = 2 })).Refused("NOT_IMPLEMENTED", 501);
        Assert.StartsWith("Multipart upload is not supported for the current artifact repository", refused.Body.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("SqlStore", (await Registry.NativeAsync("/api/3.0/mlflow/server-info")).Ok().Body.GetProperty("store_type").GetString());
        Assert.Matches(@"^\d+\.\d+\.\d+$", await app.Client.GetStringAsync("/version"));
    }

    private static int Count(JsonElement body, string list) => body.TryGetProperty(list, out var items) ? items.GetArrayLength() : 0;

    private Task<Answer> SendAsync(HttpMethod method, string call, object? body) => Registry.SendAsync(method, "/api/2.0/mlflow/" + call, body);

    private Task<Answer> DeleteAsync(string call, object body) => SendAsync(HttpMethod.Delete, call, body);

    private async Task<string> StageAsync(string run) =>
        (await Registry.GetAsync($"runs/get?run_id={run}")).Ok().Body.GetProperty("run").GetProperty("info").GetProperty("lifecycle_stage").GetString()!;

    private async Task<string> MoveAsync(string name, int version, string stage, bool archive = false) =>
        (await Registry.PostAsync("model-versions/transition-stage", new { name, version = version.ToString(CultureInfo.InvariantCulture), stage, archive_existing_versions = archive }))
            .Ok().Body.GetProperty("model_version").GetProperty("current_stage").GetString()!;

    private async Task<(int Version, long Revision)> ServedAsync(string endpoint)
    {
        var body = (await Registry.NativeAsync($"/api/endpoints/{endpoint}")).Ok().Body;
        return (Assert.Single(body.GetProperty("variants").EnumerateArray()).GetProperty("version").GetInt32(), body.GetProperty("revision").GetInt64());
    }

    private async Task<string> LoggedModelAsync(string experiment, string run) =>
        (await Registry.PostAsync("logged-models", new { experiment_id = experiment, name = "clf", source_run_id = run, model_type = "Classifier" }))
            .Ok().Body.GetProperty("model").GetProperty("info").GetProperty("model_id").GetString()!;

    private async Task<List<string>> SearchLoggedAsync(string experiment, string filter, string? dataset = null)
    {
        var body = (await Registry.PostAsync("logged-models/search", new
        {
            experiment_ids = new[] { experiment },
            filter,
            datasets = dataset is null ? null : new[] { new { dataset_name = dataset } },
            order_by = new[] { new { field_name = "metrics.auc", ascending = false } },
        })).Ok().Body;
        return body.TryGetProperty("models", out var models) ? [.. models.EnumerateArray().Select(m => m.GetProperty("info").GetProperty("model_id").GetString()!)] : [];
    }
}
