using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Registry.Tests.Support;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests;

public sealed class SqliteContractTests(RegistryApp app) : RegistryContract(app), IClassFixture<RegistryApp>;

public sealed class PostgresContractTests : RegistryContract, IClassFixture<PostgresRegistryApp>
{
    public PostgresContractTests(PostgresRegistryApp app)
        : base(app) => Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
}

/// <summary>What the registry does on every database.</summary>
public abstract partial class RegistryContract(RegistryApp app)
{
    private RegistryClient Registry => app.Registry;

    [Fact]
    public async Task A_run_keeps_what_is_logged_to_it()
    {
        var (id, _) = await Registry.RunAsync(await Registry.ExperimentAsync());
        await Registry.PostAsync("runs/log-metric", new { run_id = id, key = "auc", value = 0.8, timestamp = 10, step = 2 });
        await Registry.PostAsync("runs/log-metric", new { run_id = id, key = "auc", value = 0.9, timestamp = 20, step = 1 });
        await Registry.PostAsync("runs/log-metric", new { run_id = id, key = "loss", value = "NaN", timestamp = "5" });
        (await Registry.PostAsync("runs/log-parameter", new { run_id = id, key = "depth", value = "6" })).Ok();
        (await Registry.PostAsync("runs/log-parameter", new { run_id = id, key = "depth", value = "6" })).Ok();
        (await Registry.PostAsync("runs/log-parameter", new { run_id = id, key = "depth", value = "7" })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("runs/update", new { run_id = id, status = "FINISHED", end_time = 2000 })).Ok();

        var run = (await Registry.GetAsync($"runs/get?run_id={id}")).Ok().Body.GetProperty("run");
        var metrics = run.GetProperty("data").GetProperty("metrics").EnumerateArray().ToDictionary(m => m.GetProperty("key").GetString()!, m => m.GetProperty("value").ToString());
        Assert.Equal(new() { ["auc"] = "0.8", ["loss"] = "NaN" }, metrics);
        Assert.Equal("6", run.GetProperty("data").GetProperty("params")[0].GetProperty("value").GetString());
        Assert.Equal(("FINISHED", 2000), (run.GetProperty("info").GetProperty("status").GetString(), run.GetProperty("info").GetProperty("end_time").GetInt64()));
        var history = (await Registry.GetAsync($"metrics/get-history?run_id={id}&metric_key=auc")).Ok().Body.GetProperty("metrics");
        Assert.Equal([0.8, 0.9], history.EnumerateArray().Select(m => m.GetProperty("value").GetDouble()));
    }

    [Fact]
    public async Task A_batch_is_logged_wholly_or_not_at_all()
    {
        var (id, _) = await Registry.RunAsync();
        (await Registry.PostAsync("runs/log-parameter", new { run_id = id, key = "p", value = "1" })).Ok();
        var batch = new { run_id = id, metrics = new[] { new { key = "m", value = 1.0, timestamp = 1, step = 0 } }, @params = new[] { new { key = "p", value = "2" } } };
        (await Registry.PostAsync("runs/log-batch", batch)).Refused("INVALID_PARAMETER_VALUE");
        var data = (await Registry.GetAsync($"runs/get?run_id={id}")).Ok().Body.GetProperty("run").GetProperty("data");
        Assert.False(data.TryGetProperty("metrics", out _));

        var many = Enumerable.Range(0, 1001).Select(i => new { key = $"m{i}", value = 1.0, timestamp = 1, step = 0 });
        (await Registry.PostAsync("runs/log-batch", new { run_id = id, metrics = many })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("runs/log-batch", new { run_id = id, metrics = many.Take(1000) })).Ok();
    }

    [Fact]
    public async Task Runs_are_found_by_filter_in_order_and_in_pages()
    {
        var experiment = await Registry.ExperimentAsync();
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            var (id, _) = await Registry.RunAsync(experiment);
            ids.Add(id);
            (await Registry.PostAsync("runs/log-batch", new
            {
                run_id = id,
                metrics = i == 4 ? [] : new[] { new { key = "auc", value = i / 10.0, timestamp = 1, step = 0 } },
                @params = new[] { new { key = "kind", value = i % 2 == 0 ? "Even" : "odd" } },
                tags = new[] { new { key = "a b", value = "50%" } },
            })).Ok();
        }

        Assert.Equal([ids[2], ids[3]], (await FindAsync(experiment, "metrics.auc > 0.15", "params.kind ASC")).Ids);
        Assert.Equal([ids[2], ids[0]], (await FindAsync(experiment, "params.kind LIKE 'E%' and metrics.auc <= 1", "metrics.auc DESC")).Ids);
        Assert.Empty((await FindAsync(experiment, "params.kind LIKE 'e%'")).Ids);
        Assert.Equal(3, (await FindAsync(experiment, "params.kind ILIKE 'e%' AND tags.`a b` = '50%'")).Ids.Count);
        Assert.Equal(2, (await FindAsync(experiment, "params.kind IN ('odd', 'x') and attributes.status != 'FAILED'")).Ids.Count);
        Assert.Equal([ids[3], ids[2], ids[1], ids[0], ids[4]], (await FindAsync(experiment, "", "metrics.auc DESC")).Ids);
        var paged = new List<string>();
        for (string? token = null, next = ""; next is not null; token = next)
        {
            (var page, next) = await FindAsync(experiment, "", "metrics.auc ASC", token, 2);
            paged.AddRange(page);
        }

        Assert.Equal([ids[0], ids[1], ids[2], ids[3], ids[4]], paged);
    }

    [Theory]
    [InlineData("metrics.auc > 'x'")]
    [InlineData("metrics.auc >")]
    [InlineData("nonsense.a = 'b'")]
    [InlineData("params.a = 'b' or params.c = 'd'")]
    [InlineData("params.a = 'b'; DROP TABLE runs")]
    [InlineData("params.a = 'b")]
    public async Task A_broken_filter_is_refused(string filter) =>
        (await Registry.PostAsync("runs/search", new { experiment_ids = new[] { "0" }, filter })).Refused("INVALID_PARAMETER_VALUE");

    [Fact]
    public async Task Errors_have_the_codes_and_statuses_of_MLflow()
    {
        var name = await Registry.ModelAsync();
        (await Registry.PostAsync("registered-models/create", new { name })).Refused("RESOURCE_ALREADY_EXISTS");
        (await Registry.GetAsync("registered-models/get?name=absent")).Refused("RESOURCE_DOES_NOT_EXIST", 404);
        (await Registry.GetAsync($"registered-models/alias?name={name}&alias=none")).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.GetAsync("runs/get?run_id=absent")).Refused("RESOURCE_DOES_NOT_EXIST", 404);
        (await Registry.GetAsync("experiments/get?experiment_id=987654")).Refused("RESOURCE_DOES_NOT_EXIST", 404);
        (await Registry.PostAsync("registered-models/create", new { })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("registered-models/create", "{")).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("registered-models/create", new { name = "a/b" })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("registered-models/create", new { name = "a\u202Eb" })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("registered-models/set-tag", new { name, key = "k", value = new string('x', 10_000_000) })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.GetAsync("no/such/call")).Refused("ENDPOINT_NOT_FOUND", 404);
    }

    [Fact]
    public async Task Fifty_parallel_creations_give_consecutive_versions()
    {
        var name = await Registry.ModelAsync();
        var (run, _) = await Registry.RunAsync();
        var versions = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Registry.VersionAsync(name, run)));
        Assert.Equal(Enumerable.Range(1, 50), versions.Order());
        var found = (await Registry.GetAsync($"model-versions/search?filter={Uri.EscapeDataString($"name='{name}'")}&max_results=100")).Ok().Body.GetProperty("model_versions");
        Assert.Equal(50, found.GetArrayLength());
    }

    [Fact]
    public async Task A_version_keeps_its_files_when_the_run_changes_them()
    {
        var name = await Registry.ModelAsync();
        var (run, artifacts) = await Registry.RunAsync();
        (await Registry.UploadAsync($"{artifacts}/model/deep/a.txt", "first"u8.ToArray())).Ok();
        var version = await Registry.VersionAsync(name, run);
        (await Registry.UploadAsync($"{artifacts}/model/deep/a.txt", "second"u8.ToArray())).Ok();

        Assert.Equal("second", Encoding.UTF8.GetString(await Registry.DownloadAsync($"{artifacts}/model/deep/a.txt")));
        Assert.Equal("first", await app.Client.GetStringAsync($"/api/models/{name}/versions/{version}/files/deep/a.txt"));
        var manifest = (await Registry.NativeAsync($"/api/models/{name}/versions/{version}")).Ok().Body.GetProperty("manifest").GetProperty("files")[0];
        Assert.Equal(("deep/a.txt", 5), (manifest.GetProperty("path").GetString(), manifest.GetProperty("size_bytes").GetInt64()));
        (await Registry.SendAsync(HttpMethod.Delete, $"/api/2.0/mlflow-artifacts/artifacts/{artifacts}/model")).Ok();
        Assert.False((await Registry.GetAsync($"artifacts/list?run_id={run}")).Ok().Body.TryGetProperty("files", out _));
    }

    [Fact]
    public async Task The_champion_of_a_servable_version_is_the_whole_live_traffic()
    {
        var name = await Registry.ModelAsync();
        var (run, _) = await Registry.RunAsync();
        var refused = await Registry.VersionAsync(name, run);
        await Registry.ChampionAsync(name, refused);
        Assert.Equal(HttpStatusCode.NotFound, (await Registry.NativeAsync($"/api/endpoints/{name}")).Status);

        var version = await Registry.ServableAsync(name);
        await Registry.ChampionAsync(name, version);
        var endpoint = (await Registry.NativeAsync($"/api/endpoints/{name}")).Ok();
        var variant = Assert.Single(endpoint.Body.GetProperty("variants").EnumerateArray());
        Assert.Equal(("champion", version, "live"), (variant.GetProperty("name").GetString(), variant.GetProperty("version").GetInt32(), variant.GetProperty("role").GetString()));
        await Registry.ChampionAsync(name, version);
        Assert.Equal("\"1\"", (await Registry.NativeAsync($"/api/endpoints/{name}")).Ok().ETag);
    }

    [Fact]
    public async Task A_rollback_walks_back_and_the_alias_follows()
    {
        var name = await Registry.ModelAsync();
        var (one, two) = (await Registry.ServableAsync(name), await Registry.ServableAsync(name));
        await Registry.ChampionAsync(name, one);
        await Registry.ChampionAsync(name, two);
        var back = (await Registry.SendAsync(HttpMethod.Post, $"/api/endpoints/{name}/rollback", new { })).Ok();
        Assert.Equal(("\"3\"", one), (back.ETag, back.Body.GetProperty("variants")[0].GetProperty("version").GetInt32()));
        Assert.Equal(one.ToString(CultureInfo.InvariantCulture), (await Registry.GetAsync($"registered-models/alias?name={name}&alias=champion")).Ok().Body.GetProperty("model_version").GetProperty("version").GetString());
        Assert.Equal(HttpStatusCode.Conflict, (await Registry.SendAsync(HttpMethod.Post, $"/api/endpoints/{name}/rollback")).Status);
        var again = (await Registry.SendAsync(HttpMethod.Post, $"/api/endpoints/{name}/rollback", new { revision = 2, reason = "it was better" })).Ok();
        Assert.Equal((two, "it was better"), (again.Body.GetProperty("variants")[0].GetProperty("version").GetInt32(), again.Body.GetProperty("reason").GetString()));
        var history = (await Registry.NativeAsync($"/api/endpoints/{name}/history")).Ok().Body.GetProperty("revisions");
        Assert.Equal([4, 3, 2, 1], history.EnumerateArray().Select(r => r.GetProperty("revision").GetInt32()));
        Assert.Equal(HttpStatusCode.NotFound, (await Registry.SendAsync(HttpMethod.Post, $"/api/endpoints/{name}/rollback", new { revision = 99 })).Status);
    }

    [Fact]
    public async Task Only_one_of_two_writers_who_saw_the_same_revision_wins()
    {
        var name = await Registry.ModelAsync();
        var version = await Registry.ServableAsync(name);
        var endpoint = RegistryClient.Unique("endpoint");
        Assert.Equal(HttpStatusCode.Created, (await Registry.PutEndpointAsync(endpoint, name, version)).Status);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Registry.PutEndpointAsync(endpoint, name, version, "\"1\"", i + 1)));
        Assert.Single(answers, a => a.Status == HttpStatusCode.OK);
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.OK), a => Assert.Equal(HttpStatusCode.PreconditionFailed, a.Status));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Registry.PutEndpointAsync(endpoint, name, version)));
        Assert.Equal("\"12\"", (await Registry.NativeAsync($"/api/endpoints/{endpoint}")).Ok().ETag);
    }

    [Fact]
    public async Task All_mistakes_of_a_serving_state_are_told_at_once()
    {
        var name = await Registry.ModelAsync();
        var (run, _) = await Registry.RunAsync();
        var refused = await Registry.VersionAsync(name, run);
        var answer = await Registry.SendAsync(HttpMethod.Put, "/api/endpoints/bad", new
        {
            variants = new[] { new { name = "a", model = name, version = refused, weight = -1.0, role = "live" }, new { name = "a", model = "absent", version = 1, weight = 1.0, role = "ghost" } },
            policy = new { kind = "sticky" },
            limits = new { max_batch_size = 0 },
        });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        string[] expected = ["limits.max_batch_size", "policy.key", "reason", "variants", "variants[0].version", "variants[0].weight", "variants[1].name", "variants[1].role", "variants[1].version"];
        Assert.Equal(expected, answer.Body.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
        Assert.Equal(HttpStatusCode.BadRequest, (await Registry.SendAsync(HttpMethod.Put, "/api/endpoints/bad", new { variant = 1 })).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await Registry.NativeAsync("/api/endpoints/bad")).Status);
    }

    [Theory]
    [InlineData("header:X-User", true)]
    [InlineData("cookie:user", true)]
    [InlineData("input:customer_id", true)]
    [InlineData("customer_id", true)]
    [InlineData("header:", false)]
    [InlineData("header:X User", false)]
    [InlineData("heder:X-User", false)]
    public async Task A_sticky_policy_needs_a_key_of_a_known_place(string key, bool accepted)
    {
        var name = await Registry.ModelAsync();
        var version = await Registry.ServableAsync(name);
        var answer = await Registry.SendAsync(HttpMethod.Put, $"/api/endpoints/{name}-sticky", new
        {
            variants = new[] { new { name = "a", model = name, version, weight = 1.0, role = "live" } },
            policy = new { kind = "sticky", key },
            reason = "test",
        });
        Assert.Equal(accepted ? HttpStatusCode.Created : HttpStatusCode.UnprocessableEntity, answer.Status);
        Assert.True(accepted || answer.Body.GetProperty("errors").TryGetProperty("policy.key", out _));
    }

    [Fact]
    public async Task A_long_poll_wakes_at_once()
    {
        var name = await Registry.ModelAsync();
        var version = await Registry.ServableAsync(name);
        var seen = (await Registry.NativeAsync("/api/endpoints")).Ok().ETag;
        var poll = Registry.SendAsync(HttpMethod.Get, "/api/endpoints?wait=30", ifNoneMatch: seen);
        await Registry.ChampionAsync(name, version);
        var woken = (await poll.WaitAsync(TimeSpan.FromSeconds(25))).Ok();
        Assert.NotEqual(seen, woken.ETag);
        Assert.Contains(woken.Body.GetProperty("endpoints").EnumerateArray(), e => e.GetProperty("name").GetString() == name);
    }

    [Fact]
    public async Task Every_change_is_told_in_order()
    {
        var name = await Registry.ModelAsync();
        var version = await Registry.ServableAsync(name);
        await Registry.ChampionAsync(name, version);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var consumer = app.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Registry, RegistryClient.Unique("group"));
        var changes = new List<string>();
        while (changes.Count < 5)
        {
            var events = await consumer.ReadAsync(1000, deadline.Token);
            changes.AddRange(events.Where(e => e.Event.Key == name).Select(e => JsonSerializer.Deserialize(e.Event.Value.Span, ContractsJson.Default.RegistryEvent)!.Change));
        }

        Assert.Equal([RegistryChange.ModelCreated, RegistryChange.VersionCreated, RegistryChange.VersionValidated, RegistryChange.AliasSet, RegistryChange.EndpointRevised], changes);
    }

    private async Task<(List<string> Ids, string? Next)> FindAsync(string experiment, string filter, string? order = null, string? token = null, int max = 100)
    {
        var body = (await Registry.PostAsync("runs/search", new { experiment_ids = new[] { experiment }, filter, order_by = order is null ? [] : new[] { order }, max_results = max, page_token = token })).Ok().Body;
        var ids = body.TryGetProperty("runs", out var runs) ? runs.EnumerateArray().Select(r => r.GetProperty("info").GetProperty("run_id").GetString()!).ToList() : [];
        return (ids, body.TryGetProperty("next_page_token", out var next) ? next.GetString() : null);
    }
}
