using System.Net;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests;

/// <summary>What goes for good, and what stays because something needs it.</summary>
public abstract partial class RegistryContract
{
    [Fact]
    public async Task A_purge_removes_what_is_deleted_and_keeps_what_versions_were_made_from()
    {
        var experiment = await Registry.ExperimentAsync();
        var (gone, artifacts) = await Registry.RunAsync(experiment);
        (await Registry.UploadAsync($"{artifacts}/a.txt", [1, 2, 3])).Ok();
        (await Registry.PostAsync("runs/log-metric", new { run_id = gone, key = "m", value = 1, timestamp = 1 })).Ok();
        var (used, _) = await Registry.RunAsync(experiment);
        var (living, _) = await Registry.RunAsync(experiment);
        var name = await Registry.ModelAsync();
        await Registry.VersionAsync(name, used);
        foreach (var run in new[] { gone, used })
        {
            (await Registry.PostAsync("runs/delete", new { run_id = run })).Ok();
        }

        var wanted = new { dry_run = true, experiment_ids = new[] { experiment } };
        var dry = (await Registry.SendAsync(HttpMethod.Post, "/api/purge", wanted)).Ok().Body;
        Assert.Equal((gone, 1), (Assert.Single(dry.GetProperty("runs").EnumerateArray()).GetString(), dry.GetProperty("artifacts").GetInt32()));
        var kept = Assert.Single(dry.GetProperty("kept").EnumerateArray());
        Assert.Equal((used, $"registered model {name} version 1 was made from it"), (kept.GetProperty("id").GetString(), kept.GetProperty("reason").GetString()));
        Assert.Equal("deleted", await StageAsync(gone));
        Assert.Empty((await Registry.SendAsync(HttpMethod.Post, "/api/purge", new { older_than_days = 1, experiment_ids = new[] { experiment } })).Ok().Body.GetProperty("runs").EnumerateArray());

        (await Registry.SendAsync(HttpMethod.Post, "/api/purge", new { experiment_ids = new[] { experiment } })).Ok();
        (await Registry.GetAsync($"runs/get?run_id={gone}")).Refused("RESOURCE_DOES_NOT_EXIST", 404);
        Assert.Equal(HttpStatusCode.NotFound, (await app.Client.GetAsync($"/api/2.0/mlflow-artifacts/artifacts/{artifacts}/a.txt")).StatusCode);
        Assert.Equal(("deleted", "active"), (await StageAsync(used), await StageAsync(living)));
        Assert.Equal(HttpStatusCode.BadRequest, (await Registry.SendAsync(HttpMethod.Post, "/api/purge", new { older_than_days = -1 })).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Registry.SendAsync(HttpMethod.Post, "/api/purge", new { dry = true })).Status);

        var empty = await Registry.ExperimentAsync();
        (await Registry.PostAsync("experiments/delete", new { experiment_id = empty })).Ok();
        (await Registry.SendAsync(HttpMethod.Post, "/api/purge", new { experiment_ids = new[] { empty } })).Ok();
        (await Registry.GetAsync($"experiments/get?experiment_id={empty}")).Refused("RESOURCE_DOES_NOT_EXIST", 404);
    }

    [Fact]
    public async Task What_was_logged_about_a_data_subject_is_erased()
    {
        var subject = RegistryClient.Unique("subject");
        var experiment = await Registry.ExperimentAsync();
        var (run, artifacts) = await Registry.RunAsync(experiment);
        (await Registry.UploadAsync($"{artifacts}/rows/one.csv", [1, 2, 3])).Ok();
        (await Registry.UploadAsync($"{artifacts}/rows/two.csv", [4, 5, 6])).Ok();
        var dataset = new { tags = new[] { new { key = "mlsystem.data_subject", value = $"other, {subject}" } }, dataset = new { name = "rows", digest = "d", source_type = "local", source = "secret", schema = "{}" } };
        (await Registry.PostAsync("runs/log-inputs", new { run_id = run, datasets = new[] { dataset } })).Ok();
        var tags = new[] { ("mlsystem.data_subject/artifacts/rows/one.csv", subject), ("mlsystem.data_subject/params/who", subject), ("mlsystem.data_subject/tags/mail", subject), ("mail", "a@b.c"), ("mlsystem.data_subject/tags/kept", subject + "x"), ("kept", "1") };
        (await Registry.PostAsync("runs/log-batch", new { run_id = run, @params = new[] { new { key = "who", value = "Ann" }, new { key = "depth", value = "6" } }, tags = tags.Select(t => new { key = t.Item1, value = t.Item2 }) })).Ok();

        var found = (await Registry.NativeAsync($"/api/data-subjects/{subject}")).Ok().Body;
        Assert.Equal([$"{run}/rows/one.csv"], found.GetProperty("artifacts").EnumerateArray().Select(a => a.GetString()));
        var erased = (await Registry.SendAsync(HttpMethod.Delete, $"/api/data-subjects/{subject}")).Ok().Body;
        Assert.Equal([$"{experiment}/rows/d"], erased.GetProperty("inputs").EnumerateArray().Select(a => a.GetString()));

        var body = (await Registry.GetAsync($"runs/get?run_id={run}")).Ok().Body.GetProperty("run");
        Assert.Equal(["depth"], body.GetProperty("data").GetProperty("params").EnumerateArray().Select(p => p.GetProperty("key").GetString()));
        var left = body.GetProperty("data").GetProperty("tags").EnumerateArray().Select(p => p.GetProperty("key").GetString()).ToList();
        Assert.Contains("kept", left);
        Assert.DoesNotContain("mail", left);
        Assert.DoesNotContain(body.GetRawText(), subject + "\"", StringComparison.Ordinal);
        Assert.Equal("erased", body.GetProperty("inputs").GetProperty("dataset_inputs")[0].GetProperty("dataset").GetProperty("source").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await app.Client.GetAsync($"/api/2.0/mlflow-artifacts/artifacts/{artifacts}/rows/one.csv")).StatusCode);
        Assert.Equal([4, 5, 6], await Registry.DownloadAsync($"{artifacts}/rows/two.csv"));
        Assert.Empty((await Registry.NativeAsync($"/api/data-subjects/{subject}")).Ok().Body.GetProperty("artifacts").EnumerateArray());
    }

    [Fact]
    public async Task A_run_about_a_data_subject_is_emptied_and_versions_that_hold_its_files_are_named()
    {
        var subject = RegistryClient.Unique("subject");
        var (run, artifacts) = await Registry.RunAsync(await Registry.ExperimentAsync());
        (await Registry.UploadAsync($"{artifacts}/model/rows.csv", [7, 8, 9])).Ok();
        var name = await Registry.ModelAsync();
        await Registry.VersionAsync(name, run);
        (await Registry.PostAsync("runs/log-batch", new { run_id = run, @params = new[] { new { key = "who", value = "Ann" } }, tags = new[] { new { key = "mlsystem.data_subject", value = subject } } })).Ok();
        var erased = (await Registry.SendAsync(HttpMethod.Delete, $"/api/data-subjects/{subject}")).Ok().Body;
        var retained = Assert.Single(erased.GetProperty("retained").EnumerateArray());
        Assert.Equal((name, 1, "rows.csv"), (retained.GetProperty("model").GetString(), retained.GetProperty("version").GetInt32(), retained.GetProperty("path").GetString()));
        var body = (await Registry.GetAsync($"runs/get?run_id={run}")).Ok().Body.GetProperty("run");
        Assert.Equal("erased", body.GetProperty("info").GetProperty("run_name").GetString());
        Assert.False(body.GetProperty("data").TryGetProperty("params", out _));
        Assert.False(body.GetProperty("data").TryGetProperty("tags", out _));
    }
}
