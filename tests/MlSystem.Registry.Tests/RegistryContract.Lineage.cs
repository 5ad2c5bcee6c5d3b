using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tests.Lineage;
using MlSystem.Registry.Tests.Support;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests;

/// <summary>The chain from data to the next run.</summary>
public abstract partial class RegistryContract
{
    private static readonly TimeSpan LineageDeadline = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Lineage_leads_from_the_data_over_every_hop_to_the_next_version()
    {
        var name = await Registry.ModelAsync();
        var (p1, p2, a1) = (RegistryClient.Unique("run"), RegistryClient.Unique("run"), RegistryClient.Unique("alert"));
        await TrainedAsync(name, LineageEventSamples.Lineage(p1, "manual", "anna", null, new string('a', 64)));
        (await PromoteAsync(name, 1, new { alias = "champion" })).Ok();
        app.Monitor.Served(name, 1, name, 1, "live", 10, 25, LineageEventSamples.Start, LineageEventSamples.Start.AddHours(1));
        app.Monitor.Served(name, 1, name, 1, "shadow", 3, 4, LineageEventSamples.Start.AddHours(-1), LineageEventSamples.Start);
        await TellAsync(Topics.Runs, LineageEventSamples.Event(LineageEventSamples.Run(p1, "succeeded", "manual", "anna", model: name, version: 1)));
        await TellAsync(Topics.Alerts, LineageEventSamples.Event(LineageEventSamples.Alert(a1, name, name, 1, revision: "1")));
        await TellAsync(Topics.Runs, LineageEventSamples.Event(LineageEventSamples.Run(p2, "running", "drift", a1)));
        await TrainedAsync(name, LineageEventSamples.Lineage(p2, "drift", a1, 1, new string('b', 64)));
        await Eventually.TrueAsync(async () => (await LineageAsync(name, 1)).Nodes.Keys.Count(id => id == $"alert:{a1}" || id == $"pipeline_run:{p2}") == 2, LineageDeadline, "alert and run were read");

        var graph = await LineageAsync(name, 1);
        var end = graph.Follow(graph.The("feature_service"), "joined_into", "used_by", "registered", "requested_as", "applied_as", "answered", "raised", "triggered", "registered");
        Assert.Equal($"version:{name}/2", end);
        Assert.Equal($"run:{(await Registry.NativeAsync($"/api/models/{name}/versions/1")).Ok().Body.GetProperty("run_id").GetString()}", graph.Follow($"pipeline_run:{p1}", "tracked_as"));
        Assert.Equal((25, 4), (graph.Attribute(graph.The("predictions"), "live_predictions").GetInt32(), graph.Attribute(graph.The("predictions"), "shadow_predictions").GetInt32()));
        Assert.Equal("running", graph.Attribute($"pipeline_run:{p2}", "state").GetString());
        await AssertLinksAsync(graph, "version", "promotion", "endpoint_revision", "run");

        // From the other end: the same hops lead back, and with depth 1 the earlier version is followed as well.
        var next = await LineageAsync(name, 2);
        Assert.Equal($"version:{name}/2", next.Follow($"alert:{a1}", "triggered", "tracked_as", "registered"));
        Assert.Contains(($"version:{name}/1", "raised", $"alert:{a1}"), next.Edges);
        var both = await LineageAsync(name, 2, "?depth=1");
        Assert.Contains($"data:{new string('a', 64)}", both.Nodes.Keys);
        Assert.Contains($"data:{new string('b', 64)}", both.Nodes.Keys);
        Assert.Equal($"alert:{a1}", both.Follow($"endpoint_revision:{name}/1", "answered", "raised"));
    }

    [Fact]
    public async Task Lineage_of_a_version_that_an_MLflow_client_registered_has_what_is_known()
    {
        var name = await Registry.ModelAsync();
        var run = await Registry.LogModelAsync(TinyModels.Identity(), TinyModels.IdentitySignature);
        var set = new { name = "churn.csv", digest = "8f2a", source_type = "local", source = "{\"uri\":\"churn.csv\"}" };
        (await Registry.PostAsync("runs/log-inputs", new { run_id = run, datasets = new[] { new { dataset = set, tags = new[] { new { key = "mlflow.data.context", value = "training" } } } } })).Ok();
        (await Registry.PostAsync("runs/set-tag", new { run_id = run, key = "mlflow.source.git.commit", value = "0a1b2c" })).Ok();
        var version = await Registry.VersionAsync(name, run);
        await Registry.ValidatedAsync(name, version);
        await Registry.ChampionAsync(name, version);

        var graph = await LineageAsync(name, version);
        Assert.Equal($"endpoint_revision:{name}/1", graph.Follow("data:churn.csv@8f2a", "used_by", "registered", "served_by"));
        Assert.Equal("training", graph.Attribute("data:churn.csv@8f2a", "context").GetString());
        Assert.Equal("0a1b2c", graph.Attribute($"run:{run}", "code_version").GetString());
        Assert.Empty(graph.All("predictions"));

        var foreign = (await Registry.PostAsync("model-versions/create", new { name, source = "s3://elsewhere/model", run_id = "elsewhere" })).Ok().Body.GetProperty("model_version").GetProperty("version").GetString();
        Assert.NotEmpty((await LineageAsync(name, int.Parse(foreign!))).Nodes["run:elsewhere"].GetProperty("unavailable").GetString()!);
    }

    [Fact]
    public async Task Lineage_without_Monitor_says_so_and_has_the_rest()
    {
        var name = await Registry.ModelAsync();
        var version = await Registry.ServableAsync(name);
        await Registry.ChampionAsync(name, version);
        app.Monitor.Broken[name] = false;
        var graph = await LineageAsync(name, version);
        Assert.Equal("Monitor answered 503", graph.Nodes[graph.Follow($"version:{name}/{version}", "served_by", "answered")].GetProperty("unavailable").GetString());
    }

    [Fact]
    public async Task Lineage_keeps_what_happened_under_an_earlier_name()
    {
        var (old, present, endpoint, alert) = (await Registry.ModelAsync(), RegistryClient.Unique("renamed"), RegistryClient.Unique("endpoint"), RegistryClient.Unique("alert"));
        await Registry.ServableAsync(old);
        var promotion = (await PromoteAsync(old, 1, new { endpoint })).Ok().Body.GetProperty("promotion_id").GetString();
        app.Monitor.Served(old, 1, endpoint, 1, "live", 10, 25, LineageEventSamples.Start, LineageEventSamples.Start.AddHours(1));
        await TellAsync(Topics.Alerts, LineageEventSamples.Event(LineageEventSamples.Alert(alert, endpoint, old, 1, TimeProvider.System.GetUtcNow(), "1")));
        await Eventually.TrueAsync(async () => (await LineageAsync(old, 1)).Nodes.ContainsKey($"alert:{alert}"), LineageDeadline, "the alert was read");
        var other = await Registry.ModelAsync();
        (await Registry.PutEndpointAsync(endpoint, other, await Registry.ServableAsync(other))).Ok();
        (await Registry.PostAsync("registered-models/rename", new { name = old, new_name = present })).Ok();

        var graph = await LineageAsync(present, 1);
        Assert.Equal($"alert:{alert}", graph.Follow($"version:{present}/1", "requested_as", "applied_as", "answered", "raised"));
        Assert.Contains($"promotion:{promotion}", graph.Nodes.Keys);
        Assert.DoesNotContain($"version:{old}/1", graph.Nodes.Keys);

        // Another model takes the old name, then gives it back: each has what was its own.
        (await Registry.PostAsync("registered-models/create", new { name = old })).Ok();
        await Registry.ServableAsync(old);
        Assert.Empty((await LineageAsync(old, 1)).All("promotion"));
        Assert.Empty((await LineageAsync(old, 1)).All("alert"));
        Assert.Equal(System.Net.HttpStatusCode.OK, (await Registry.PostAsync("registered-models/delete", new { name = old }, HttpMethod.Delete)).Status);
        (await Registry.PostAsync("registered-models/rename", new { name = present, new_name = old })).Ok();
        var back = await LineageAsync(old, 1);
        Assert.Equal($"endpoint_revision:{endpoint}/1", back.Follow($"version:{old}/1", "requested_as", "applied_as"));
    }

    [Fact]
    public async Task Lineage_that_is_stored_and_can_not_be_read_says_so_and_has_the_rest()
    {
        var name = await Registry.ModelAsync();
        await TrainedAsync(name, LineageEventSamples.Lineage(RegistryClient.Unique("run"), "manual", "anna", null, new string('a', 64)));
        await Registry.ChampionAsync(name, 1);
        await using (var db = app.Services.GetRequiredService<RegistryDatabase>().Read())
        {
            await using var connection = db.Database.GetDbConnection();
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = $"UPDATE model_versions SET lineage = '{{\"run_id\": 3' WHERE model_id = (SELECT model_id FROM registered_models WHERE name = '{name}')";
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        var graph = await LineageAsync(name, 1);
        Assert.Contains("stored lineage can't be read", graph.Nodes[$"version:{name}/1"].GetProperty("unavailable").GetString(), StringComparison.Ordinal);
        Assert.Equal($"endpoint_revision:{name}/1", graph.Follow($"version:{name}/1", "served_by"));
        Assert.Equal(JsonValueKind.String, (await Registry.NativeAsync($"/api/models/{name}/versions/1")).Ok().Body.GetProperty("lineage").ValueKind);
    }

    [Fact]
    public async Task Lineage_shows_rollbacks_and_says_what_it_leaves_out()
    {
        var name = await Registry.ModelAsync();
        var (one, two) = (await Registry.ServableAsync(name), await Registry.ServableAsync(name));
        await Registry.ChampionAsync(name, one);
        await Registry.ChampionAsync(name, two);
        (await Registry.SendAsync(HttpMethod.Post, $"/api/endpoints/{name}/rollback")).Ok();
        var graph = await LineageAsync(name, one);
        Assert.Contains(($"endpoint_revision:{name}/1", "restored_as", $"endpoint_revision:{name}/3"), graph.Edges);
        Assert.Equal((false, true), (graph.Attribute($"endpoint_revision:{name}/1", "current").GetBoolean(), graph.Attribute($"endpoint_revision:{name}/3", "current").GetBoolean()));
        Assert.DoesNotContain($"endpoint_revision:{name}/2", graph.Nodes.Keys);
        Assert.Equal(1, (await LineageAsync(name, one, "?max=1")).Omitted("endpoint_revision"));

        foreach (var (path, status) in new[]
        {
            ($"{name}/versions/{one}/lineage?depth=11", HttpStatusCode.BadRequest), ($"{name}/versions/{one}/lineage?max=0", HttpStatusCode.BadRequest),
            ($"{name}/versions/99/lineage", HttpStatusCode.NotFound), ("absent/versions/1/lineage", HttpStatusCode.NotFound),
        })
        {
            Assert.Equal(status, (await Registry.NativeAsync("/api/models/" + path)).Status);
        }
    }

    [Fact]
    public async Task Alerts_and_runs_count_once_in_any_order_and_unreadable_ones_are_put_aside()
    {
        var name = await Registry.ModelAsync();
        var version = await Registry.ServableAsync(name);
        await Registry.ChampionAsync(name, version);
        var (alert, run) = (RegistryClient.Unique("alert"), RegistryClient.Unique("run"));
        var broken = LineageEventSamples.Event("k", RegistryClient.Unique("id"), EventTypes.Alert, "{\"alert_id\":");
        // An alert on the whole endpoint, while the version serves there; what was told first comes again last.
        var onEndpoint = LineageEventSamples.Event(LineageEventSamples.Alert(alert, name, null, null, TimeProvider.System.GetUtcNow()));
        await TellAsync(Topics.Alerts, onEndpoint, broken, onEndpoint);
        var told = new[] { "queued", "running", "succeeded" }.Select((state, i) => LineageEventSamples.Event(LineageEventSamples.Run(run, state, "drift", alert, i, name, i == 2 ? 2 : null))).ToArray();
        await TellAsync(Topics.Runs, [.. told, told[0], told[1]]);
        await TellAsync(Topics.Runs, LineageEventSamples.Event(LineageEventSamples.Run(run + "-last", "queued", "drift", alert)));
        await TellAsync(Topics.Alerts, onEndpoint);

        await Eventually.TrueAsync(async () => (await LineageAsync(name, version)).Nodes.ContainsKey($"pipeline_run:{run}"), LineageDeadline, "the run was read");
        await Eventually.TrueAsync(async () => (await RejectedAsync(Topics.Alerts)).Count > 0, LineageDeadline, "what can't be read is put aside");
        var graph = await LineageAsync(name, version);
        Assert.Equal("succeeded", graph.Attribute($"pipeline_run:{run}", "state").GetString());
        Assert.Equal($"endpoint_revision:{name}/1", Assert.Single(graph.Edges, e => e.To == $"alert:{alert}").From);
        Assert.Contains("alert", (await RejectedAsync(Topics.Alerts))[0].Reason, StringComparison.OrdinalIgnoreCase);
    }

    private Task<LineageView> LineageAsync(string model, int version, string query = "") => LineageView.OfAsync(Registry, model, version, query);

    private async Task TrainedAsync(string model, byte[] lineage)
    {
        var signature = System.Text.Encoding.UTF8.GetBytes(TinyModels.IdentitySignature);
        var version = await Registry.RegisterAsync(model, ("model.onnx", TinyModels.Identity()), ("signature.json", signature), ("lineage.json", lineage));
        Assert.Equal("servable", version.GetProperty("status").GetString());
    }

    private Task TellAsync(string topic, params LogEvent[] events) => app.Services.GetRequiredService<IEventLog>().AppendAsync(topic, events, CancellationToken.None);

    private async Task<List<RejectedEvent>> RejectedAsync(string topic)
    {
        await using var db = app.Services.GetRequiredService<RegistryDatabase>().Read();
        return await db.RejectedEvents.Where(e => e.Topic == topic).ToListAsync();
    }

    private async Task AssertLinksAsync(LineageView graph, params string[] types)
    {
        foreach (var node in types.SelectMany(graph.All))
        {
            var answer = await Registry.NativeAsync(node.GetProperty("href").GetString()!);
            Assert.True(answer.Status == HttpStatusCode.OK, $"{node.GetProperty("href").GetString()}: {answer.Status}");
            Assert.NotEqual(JsonValueKind.Undefined, answer.Body.ValueKind);
        }
    }
}
