using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Registry.Audit;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests;

/// <summary>Every change leaves an entry in one chain of hashes.</summary>
public abstract partial class RegistryContract
{
    [Fact]
    public async Task Every_change_of_a_model_is_in_the_audit_with_before_and_after()
    {
        var name = await Registry.ModelAsync();
        (await Registry.SendAsync(HttpMethod.Patch, "/api/2.0/mlflow/registered-models/update", new { name, description = "new" })).Ok();
        (await Registry.PostAsync("registered-models/set-tag", new { name, key = "team", value = "a" })).Ok();
        (await Registry.PostAsync("registered-models/set-tag", new { name, key = "team", value = "b" })).Ok();
        (await Registry.PostAsync("registered-models/set-tag", new { name, key = "team", value = "b" })).Ok();
        var version = await Registry.ServableAsync(name);
        await Registry.ChampionAsync(name, version);

        var entries = await AuditAsync($"resource=models/{name}");
        Assert.Equal(
            ["model.created", "model.updated", "model.tags_set", "model.tags_set", "model_version.created", "model_version.updated", "alias.created"],
            entries.Select(e => e.GetProperty("action").GetString()));
        Assert.Equal(("a", "b"), (Field(entries[3], "before", "team"), Field(entries[3], "after", "team")));
        Assert.Equal(("pending", "servable"), (Field(entries[5], "before", "status"), Field(entries[5], "after", "status")));
        Assert.Equal("registry", entries[5].GetProperty("principal").GetString());
        Assert.Equal("anonymous", entries[0].GetProperty("principal").GetString());
        Assert.NotEmpty(entries[0].GetProperty("request_id").GetString()!);
        var revised = Assert.Single(await AuditAsync($"resource=endpoints/{name}&action=endpoint.revised"));
        Assert.Equal(version, revised.GetProperty("after").GetProperty("state").GetProperty("variants")[0].GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task Runs_experiments_webhooks_and_artifacts_are_audited_and_metrics_are_not()
    {
        var experiment = await Registry.ExperimentAsync();
        var (run, artifacts) = await Registry.RunAsync(experiment);
        (await Registry.UploadAsync($"{artifacts}/a.txt", [1])).Ok();
        (await Registry.PostAsync("runs/log-metric", new { run_id = run, key = "m", value = 1, timestamp = 1 })).Ok();
        (await Registry.PostAsync("runs/set-tag", new { run_id = run, key = "k", value = "v" })).Ok();
        (await Registry.PostAsync("runs/delete-tag", new { run_id = run, key = "k" })).Ok();
        (await Registry.PostAsync("runs/update", new { run_id = run, status = "FINISHED" })).Ok();
        using var deleted = await app.Client.DeleteAsync($"/api/2.0/mlflow-artifacts/artifacts/{artifacts}/a.txt");
        (await Registry.PostAsync("experiments/delete", new { experiment_id = experiment })).Ok();
        (await Registry.SendAsync(HttpMethod.Post, "/api/purge", new { experiment_ids = new[] { experiment } })).Ok();

        Assert.Equal(["run.created", "run.tags_set", "run.tags_set", "run.tags_set", "run.updated", "run.purged"], Actions(await AuditAsync($"resource=runs/{run}")));
        Assert.Equal(["experiment.created", "experiment.runs_deleted", "experiment.deleted", "experiment.purged"], Actions(await AuditAsync($"resource=experiments/{experiment}")));
        Assert.Equal(["artifact.deleted"], Actions(await AuditAsync($"resource=artifacts/{artifacts}")));
        var webhook = (await Registry.PostAsync("webhooks", new { name = "w", url = "http://localhost:9/", secret = "very secret", events = new[] { new { entity = "REGISTERED_MODEL", action = "CREATED" } } })).Ok()
            .Body.GetProperty("webhook").GetProperty("webhook_id").GetString();
        (await Registry.SendAsync(HttpMethod.Delete, $"/api/2.0/mlflow/webhooks/{webhook}")).Ok();
        var hooks = await AuditAsync($"resource=webhooks/{webhook}");
        Assert.Equal(["webhook.created", "webhook.deleted"], Actions(hooks));
        Assert.DoesNotContain("very secret", JsonSerializer.Serialize(hooks), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audit_is_paged_filtered_and_exported()
    {
        var name = await Registry.ModelAsync();
        foreach (var i in Enumerable.Range(0, 5))
        {
            (await Registry.PostAsync("registered-models/set-tag", new { name, key = "k", value = $"\"{i}\", é" })).Ok();
        }

        var first = (await Registry.NativeAsync($"/api/audit?resource=models/{name}&max=4")).Ok().Body;
        var rest = (await Registry.NativeAsync($"/api/audit?resource=models/{name}&max=4&before={first.GetProperty("next_before").GetInt64()}")).Ok().Body;
        Assert.Equal((4, 2, false), (first.GetProperty("entries").GetArrayLength(), rest.GetProperty("entries").GetArrayLength(), rest.TryGetProperty("next_before", out _)));
        Assert.Empty(await AuditAsync($"resource=models/{name}&principal=nobody"));
        Assert.Empty(await AuditAsync($"resource=models/{name}&to=2001-01-01T00:00:00Z"));
        Assert.Equal(6, (await AuditAsync($"resource=models/{name}&from=2001-01-01T00:00:00Z")).Count);
        var lines = (await app.Client.GetStringAsync($"/api/audit/export?resource=models/{name}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("\"4\", é", Field(JsonElement.Parse(lines[^1]), "after", "k"));
        var csv = await app.Client.GetStringAsync($"/api/audit/export?format=csv&resource=models/{name}");
        Assert.Equal((7, true), (csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length, csv.StartsWith("sequence,time,principal", StringComparison.Ordinal)));
        Assert.Equal(400, (int)(await Registry.NativeAsync("/api/audit?max=0")).Status);
        Assert.Equal(400, (int)(await Registry.NativeAsync("/api/audit/export?format=xml")).Status);
    }

    [Fact]
    public async Task Concurrent_writers_make_one_chain()
    {
        var names = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Registry.ModelAsync()));
        foreach (var name in names)
        {
            Assert.Single(await AuditAsync($"resource=models/{name}"));
        }

        Assert.True((await VerifyAsync()).GetProperty("valid").GetBoolean());
    }

    /// <summary>One test, since all share the chain: each manipulation is undone before the next.</summary>
    [Fact]
    public async Task Manipulations_of_the_database_are_found_and_named()
    {
        var verdict = await VerifyAsync();
        for (var i = 0; i < 6; i++)
        {
            await Registry.ModelAsync();
        }

        await using var db = app.Services.GetRequiredService<RegistryDatabase>().Read();
        // Behind all that is manipulated: the anchor would tell of its own entry a second time.
        Assert.True(await app.Services.GetRequiredService<AuditAnchor>().MoveAsync(CancellationToken.None));
        // Others write too: what is manipulated lies before the end.
        var at = verdict.GetProperty("head").GetProperty("sequence").GetInt64() + 2;
        await TamperedAsync(db, $"UPDATE audit_entries SET principal = 'x' || principal WHERE sequence = {at}", $"UPDATE audit_entries SET principal = substr(principal, 2) WHERE sequence = {at}", (at, "altered"));
        await TamperedAsync(db, $"UPDATE audit_entries SET content = content || ' ' WHERE sequence = {at}", $"UPDATE audit_entries SET content = substr(content, 1, length(content) - 1) WHERE sequence = {at}", (at, "content_altered"));
        await TamperedAsync(db, $"UPDATE audit_entries SET sequence = -sequence WHERE sequence = {at}", $"UPDATE audit_entries SET sequence = -sequence WHERE sequence = -{at}", (at, "removed"));
        string[] swap = [$"UPDATE audit_entries SET sequence = 0 WHERE sequence = {at}", $"UPDATE audit_entries SET sequence = {at} WHERE sequence = {at + 1}", $"UPDATE audit_entries SET sequence = {at + 1} WHERE sequence = 0"];
        await TamperedAsync(db, string.Join(';', swap), string.Join(';', swap), (at, "reordered"), (at + 1, "reordered"));
        var content = await db.AuditEntries.Where(e => e.Sequence == at).Select(e => e.Content!).FirstAsync();
        await TamperedAsync(db, $"UPDATE audit_entries SET content = NULL WHERE sequence = {at}", $"UPDATE audit_entries SET content = '{content}' WHERE sequence = {at}", (at, "content_removed"));
    }

    [Fact]
    public async Task Erasing_a_data_subject_leaves_no_trace_in_the_audit_and_the_chain_whole()
    {
        var subject = RegistryClient.Unique("subject");
        var (run, _) = await Registry.RunAsync(await Registry.ExperimentAsync());
        (await Registry.PostAsync("runs/set-tag", new { run_id = run, key = "mlsystem.data_subject", value = subject })).Ok();
        (await Registry.PostAsync("runs/set-tag", new { run_id = run, key = "mail", value = $"{subject}@example.org" })).Ok();
        Assert.Contains(subject, await app.Client.GetStringAsync("/api/audit/export"), StringComparison.Ordinal);

        (await Registry.SendAsync(HttpMethod.Delete, $"/api/data-subjects/{subject}")).Ok();
        Assert.DoesNotContain(subject, await app.Client.GetStringAsync("/api/audit/export"), StringComparison.Ordinal);
        Assert.All((await AuditAsync($"resource=runs/{run}")), e => Assert.True(e.GetProperty("erased").GetBoolean()));
        var verdict = await VerifyAsync();
        Assert.DoesNotContain(verdict.GetProperty("problems").EnumerateArray(), p => p.GetProperty("kind").GetString() == "content_removed");
    }

    private static List<string?> Actions(IEnumerable<JsonElement> entries) => [.. entries.Select(e => e.GetProperty("action").GetString())];

    private static string? Field(JsonElement entry, string part, string name) => entry.GetProperty(part).GetProperty(name).GetString();

    /// <summary>Oldest first.</summary>
    private async Task<List<JsonElement>> AuditAsync(string query) =>
        [.. (await Registry.NativeAsync($"/api/audit?{query}")).Ok().Body.GetProperty("entries").EnumerateArray().Reverse()];

    private async Task<JsonElement> VerifyAsync() => (await Registry.NativeAsync("/api/audit/verify")).Ok().Body;

    private async Task TamperedAsync(RegistryContext db, string tamper, string undo, params (long Sequence, string Kind)[] expected)
    {
        await RunAsync(db, tamper);
        var verdict = await VerifyAsync();
        await RunAsync(db, undo);
        Assert.False(verdict.GetProperty("valid").GetBoolean());
        Assert.Equal(
            expected.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Sequence} {e.Kind}")),
            verdict.GetProperty("problems").EnumerateArray().Select(p => $"{p.GetProperty("sequence")} {p.GetProperty("kind").GetString()}"));
        Assert.True((await VerifyAsync()).GetProperty("valid").GetBoolean());
    }

    private static async Task RunAsync(RegistryContext db, string statements)
    {
        foreach (var statement in statements.Split(';'))
        {
            await db.Database.ExecuteSqlRawAsync(statement.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
        }
    }
}
