using System.Net.Http.Json;
using System.Text.Json;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Consistency;

public sealed class ConsistencyTests
{
    private const string Read = """{"features":["hourly:trips","hourly:tier"],"entities":{"driver_id":[1,2]}}""";

    [Fact]
    public async Task Reads_that_the_join_gives_again_agree_also_where_nothing_or_an_expired_value_was_read()
    {
        await using var app = await StartAsync(Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:55:00Z", 1));
        await app.PostOkAsync("/get-online-features", Read);
        app.Time.Advance(TimeSpan.FromMinutes(10));
        await app.PostOkAsync("/get-online-features", Read);

        var report = await ReplayAsync(app, reads: 4);

        Assert.Equal((4, 8, 0, 0), (report.GetProperty("rows").GetInt32(), report.GetProperty("values").GetInt32(), report.GetProperty("different").GetInt32(), report.GetProperty("share").GetDouble()));
    }

    [Fact]
    public async Task A_row_that_came_late_is_named_as_the_reason()
    {
        await using var app = await StartAsync(Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:55:00Z", 1));
        await app.PostOkAsync("/get-online-features", Read);
        app.Time.Advance(TimeSpan.FromSeconds(10));
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:57:00Z", 7));

        Assert.Equal("""{"late_row":1}""", Reasons(await ReplayAsync(app, reads: 2)));
    }

    [Theory]
    [InlineData("online", "online_only")]
    [InlineData("offline", "not_materialized")]
    public async Task A_row_that_only_one_store_was_to_have_is_named_as_the_reason(string to, string reason)
    {
        await using var app = await StartAsync(Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:55:00Z", 1, to: to));
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await app.PostOkAsync("/get-online-features", Read);

        var report = await ReplayAsync(app, reads: 2);

        Assert.Equal($"{{\"{reason}\":2}}", Reasons(report));
        var view = report.GetProperty("views")[0];
        Assert.Equal(0.5, view.GetProperty("share").GetDouble());
        Assert.Equal(["tier", "trips"], view.GetProperty("features").EnumerateArray().Select(feature => feature.GetProperty("feature").GetString()));
        Assert.Equal("1", view.GetProperty("examples")[0].GetProperty("keys")[0].GetString());
    }

    [Fact]
    public async Task A_changed_definition_is_named_as_the_reason()
    {
        await using var app = await StartAsync(Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:55:00Z", 1));
        await app.PostOkAsync("/get-online-features", Read);
        await app.PostOkAsync("/api/apply", Samples.Definitions.Replace("\"ttl_seconds\": 600", "\"ttl_seconds\": 60", StringComparison.Ordinal));

        Assert.Equal("""{"definition_changed":2}""", Reasons(await ReplayAsync(app, reads: 2)));
    }

    [Fact]
    public async Task Sensitive_values_and_keys_are_hashed_in_the_log_and_compared_all_the_same()
    {
        await using var app = await StartAsync(Samples.Definitions.Replace("\"name\": \"hourly\",", "\"name\": \"hourly\", \"sensitive_columns\": [\"tier\", \"driver_id\"],", StringComparison.Ordinal));
        await app.PostOkAsync("/push", Samples.Push(4711, "2026-03-01T11:55:00Z", 1));
        await app.PostOkAsync("/get-online-features", """{"features":["hourly:trips","hourly:tier"],"entities":{"driver_id":[4711]}}""");
        var agreed = await ReplayAsync(app, reads: 1);
        Assert.Equal((2, 0), (agreed.GetProperty("values").GetInt32(), agreed.GetProperty("different").GetInt32()));
        foreach (var file in Logs(app))
        {
            var text = await File.ReadAllTextAsync(file);
            Assert.DoesNotContain("gold", text, StringComparison.Ordinal);
            Assert.DoesNotContain("4711", text, StringComparison.Ordinal);
        }

        // A correction differs, and the report tells neither key nor value.
        app.Time.Advance(TimeSpan.FromSeconds(10));
        await app.PostOkAsync("/push", Samples.Push("online_and_offline", (4711, "2026-03-01T11:55:00Z", "2026-03-01T12:30:00Z", "1", "0.5", "\"lead\"")));
        var report = await ReplayAsync(app, reads: 1);
        Assert.Equal("""{"late_row":1}""", Reasons(report));
        Assert.DoesNotContain("lead", report.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("4711", report.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_share_of_the_reads_is_logged_and_old_logs_go()
    {
        await using var app = await StartAsync(Samples.Definitions, share: "0.25");
        for (var i = 0; i < 20; i++)
        {
            await app.PostOkAsync("/get-online-features", Samples.ReadTrips);
        }

        Assert.Equal(5, (await ReplayAsync(app, reads: 5)).GetProperty("rows").GetInt32());
        app.Time.Advance(TimeSpan.FromDays(8));
        for (var i = 0; i < 4; i++)
        {
            await app.PostOkAsync("/get-online-features", Samples.ReadTrips);
        }

        await Eventually.TrueAsync(() => Task.FromResult(Logs(app) is [var only] && Path.GetFileName(only).StartsWith("20260309", StringComparison.Ordinal)), TimeSpan.FromMinutes(1), "only the new log is there");
    }

    [Fact]
    public async Task Freshness_null_rates_and_the_last_replay_are_metrics()
    {
        await using var app = await StartAsync(Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:55:00Z", 1));
        await app.PostOkAsync("/materialize", """{"start_ts":"2026-01-01T00:00:00Z","end_ts":"2026-03-01T11:58:00Z"}""");
        await app.PostOkAsync("/get-online-features", Read);
        await ReplayAsync(app, reads: 2);

        await Eventually.TrueAsync(
            async () =>
            {
                app.Time.Advance(TimeSpan.FromSeconds(20));
                var metrics = await app.Client.GetStringAsync("/metrics");
                string[] wanted =
                [
                    "feast_feature_freshness_seconds{", "project=\"mlsystem\"", "mlsystem_features_newest_event_age_seconds{", "mlsystem_features_inconsistent_share{",
                    "feast_materialization_result_total{", "status=\"NOT_FOUND\"", "mlsystem_features_sampled_value_age_seconds",
                ];
                return wanted.All(name => metrics.Contains(name, StringComparison.Ordinal));
            },
            TimeSpan.FromMinutes(1), "all metrics are there");
    }

    [Fact]
    public async Task Mistakes_in_a_request_are_told_all_at_once()
    {
        await using var app = await StartAsync(Samples.Definitions);

        var (status, body) = await app.PostAsync("/api/consistency", """{"from":"whenever","views":[]}""");

        Assert.Equal((400, 2), (status, body.GetProperty("errors").EnumerateObject().Count()));
        Assert.Equal(404, (await app.PostAsync("/api/consistency", """{"feature_views":["nope"]}""")).Status);
        Assert.Equal(404, (int)(await app.Client.GetAsync("/api/consistency/nope")).StatusCode);
    }

    private static async Task<FeatureStoreApp> StartAsync(string definitions, string share = "1")
    {
        var app = await FeatureStoreApp.StartAsync(("Features:Consistency:SampleShare", share), ("Features:Consistency:IntervalSeconds", "0"));
        await app.PostOkAsync("/api/apply", definitions);
        return app;
    }

    private static string[] Logs(FeatureStoreApp app) => [.. Directory.EnumerateFiles(app.DataFolder, "*.jsonl", SearchOption.AllDirectories)];

    private static string Reasons(JsonElement report) => report.GetProperty("views")[0].GetProperty("reasons").GetRawText();

    /// <summary>The log is written behind the answers: replays until it has the reads.</summary>
    private static async Task<JsonElement> ReplayAsync(FeatureStoreApp app, int reads)
    {
        JsonElement replay = default;
        await Eventually.TrueAsync(
            async () =>
            {
                var (status, accepted) = await app.PostAsync("/api/consistency", "{}");
                Assert.Equal(202, status);
                await Eventually.TrueAsync(
                    async () =>
                    {
                        replay = await app.Client.GetFromJsonAsync<JsonElement>($"/api/consistency/{accepted.GetProperty("id").GetString()}");
                        return replay.GetProperty("state").GetString() is not ("queued" or "running");
                    },
                    TimeSpan.FromMinutes(1), "the replay is finished");
                Assert.True(replay.GetProperty("state").GetString() == "succeeded", replay.GetRawText());
                return replay.GetProperty("report").GetProperty("rows").GetInt32() >= reads;
            },
            TimeSpan.FromMinutes(2), "the reads are logged");
        return replay.GetProperty("report");
    }
}
