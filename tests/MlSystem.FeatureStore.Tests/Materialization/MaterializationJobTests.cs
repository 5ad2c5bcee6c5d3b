using System.Net.Http.Json;
using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Materialization;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Materialization;

public sealed class MaterializationJobTests
{
    [Fact]
    public async Task A_job_tells_its_progress_and_its_end()
    {
        await using var app = await FeatureStoreApp.StartAsync(("Features:MaterializePartRows", "1"));
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        foreach (var day in new[] { 25, 26, 27 })
        {
            await app.PostOkAsync("/push", Samples.Push(1, $"2026-02-{day}T11:00:00Z", day, to: "offline"));
            await app.PostOkAsync("/push", Samples.Push(2, $"2026-02-{day}T11:00:00Z", day, to: "offline"));
        }

        var (status, accepted) = await app.PostAsync("/api/materializations", """{"feature_views":["hourly"],"start":"2026-01-01T00:00:00Z"}""");
        Assert.Equal(202, status);
        var id = accepted.GetProperty("id").GetString();
        var job = await FinishedAsync(app, id!);

        Assert.Equal("succeeded", job.GetProperty("state").GetString());
        Assert.Equal("full", job.GetProperty("mode").GetString());
        Assert.Equal(1, job.GetProperty("progress").GetDouble());
        var view = job.GetProperty("views")[0];
        Assert.Equal((3, 3), (view.GetProperty("partitions").GetInt32(), view.GetProperty("partitions_done").GetInt32()));
        Assert.Equal((6, 6), (view.GetProperty("rows").GetInt64(), view.GetProperty("rows_read").GetInt64()));

        // Each day is a part, the newest first: older rows are offered and refused by the online store.
        Assert.Equal((6, 2), (view.GetProperty("entities").GetInt64(), view.GetProperty("written").GetInt64()));
        Assert.Equal("[27]", await TripsAsync(app));
        var events = await app.Client.GetStringAsync($"/api/materializations/{id}/events");
        Assert.Contains("event: progress", events, StringComparison.Ordinal);
        Assert.Equal(id, (await app.Client.GetFromJsonAsync<JsonElement>("/api/materializations?state=succeeded")).GetProperty("materializations")[0].GetProperty("id").GetString());
        Assert.Equal(409, (await app.PostAsync($"/api/materializations/{id}/cancel", "")).Status);
        Assert.Equal(404, (await app.PostAsync("/api/materializations/nope/cancel", "")).Status);
    }

    [Fact]
    public async Task Mistakes_in_a_request_are_told_all_at_once()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);

        var (status, body) = await app.PostAsync("/api/materializations", """{"feature_views":"hourly","start":"whenever","until":1}""");

        Assert.Equal(400, status);
        Assert.Equal(["feature_views", "start", "until"], body.GetProperty("errors").EnumerateObject().Select(error => error.Name).Order(StringComparer.Ordinal));
        Assert.Equal(404, (await app.PostAsync("/api/materializations", """{"feature_views":["nope"]}""")).Status);
        Assert.Equal(400, (int)(await app.Client.GetAsync("/api/materializations?state=odd")).StatusCode);
        Assert.Equal(404, (int)(await app.Client.GetAsync("/api/materializations/nope")).StatusCode);
    }

    [Fact]
    public async Task An_incremental_one_takes_rows_that_came_late_and_no_row_twice()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:50:00Z", 50, to: "offline"));
        await app.PostOkAsync("/materialize-incremental", """{"end_ts":"2026-03-01T11:55:00Z"}""");
        Assert.Equal("[50]", await TripsAsync(app));

        app.Time.Advance(TimeSpan.FromSeconds(5));
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:52:00Z", 52, to: "offline"));
        await app.PostOkAsync("/materialize-incremental", """{"end_ts":"2026-03-01T11:56:00Z"}""");

        Assert.Equal("[52]", await TripsAsync(app));
        var last = (await app.Client.GetFromJsonAsync<JsonElement>("/api/materializations")).GetProperty("materializations")[0];
        Assert.Equal(1, last.GetProperty("views")[0].GetProperty("entities").GetInt64());
    }

    [Fact]
    public async Task A_newer_row_that_was_pushed_meanwhile_stays()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:50:00Z", 50, to: "offline"));
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:55:00Z", 55, to: "online"));

        await app.PostOkAsync("/materialize", """{"start_ts":"2026-01-01T00:00:00Z","end_ts":"2026-12-31T00:00:00Z"}""");

        Assert.Equal("[55]", await TripsAsync(app));
    }

    [Fact]
    public async Task A_schedule_asks_once_for_each_due_time()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions.Replace("\"name\": \"hourly\",", "\"name\": \"hourly\", \"materialization\": { \"interval_seconds\": 60 },", StringComparison.Ordinal));
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:50:00Z", 50, to: "offline"));

        await Eventually.TrueAsync(
            async () =>
            {
                app.Time.Advance(TimeSpan.FromSeconds(10));
                return await TripsAsync(app) == "[50]";
            },
            TimeSpan.FromMinutes(2), "the scheduled materialization is done");

        var jobs = (await app.Client.GetFromJsonAsync<JsonElement>("/api/materializations")).GetProperty("materializations").EnumerateArray().ToArray();
        Assert.All(jobs, job => Assert.Equal(("hourly", "schedule"), (job.GetProperty("schedule").GetString(), job.GetProperty("created_by").GetString())));
        Assert.Equal(jobs.Length, jobs.Select(job => job.GetProperty("end").GetString()).Distinct(StringComparer.Ordinal).Count());
        Assert.All(jobs, job => Assert.Equal(0, job.GetProperty("end").GetDateTimeOffset().Second));
    }

    [Theory]
    [InlineData("""{ "cron": "0 3 * *" }""", "materialization.cron")]
    [InlineData("""{ "interval_seconds": 0 }""", "materialization.interval_seconds")]
    [InlineData("""{ }""", "materialization")]
    public async Task A_wrong_schedule_is_refused(string schedule, string place)
    {
        await using var app = await FeatureStoreApp.StartAsync();

        var (status, body) = await app.PostAsync("/api/apply", Samples.Definitions.Replace("\"name\": \"hourly\",", $"\"name\": \"hourly\", \"materialization\": {schedule},", StringComparison.Ordinal));

        Assert.Equal(400, status);
        Assert.Equal($"feature_views[0].{place}", Assert.Single(body.GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("0 3 * * *", "2026-03-01T00:00:00Z", "2026-03-01T02:59:59Z", null)]
    [InlineData("0 3 * * *", "2026-03-01T00:00:00Z", "2026-03-03T12:00:00Z", "2026-03-03T03:00:00Z")]
    [InlineData("*/10 * * * *", "2026-03-01T00:00:00Z", "2026-03-01T00:10:00Z", "2026-03-01T00:10:00Z")]
    [InlineData("*/10 * * * *", "2026-03-01T00:10:00Z", "2026-03-01T00:19:59Z", null)]
    public void The_last_due_time_of_a_cron_expression_counts(string cron, string after, string until, string? due)
    {
        var found = MaterializationSchedule.LastDue(new MaterializationDefinition { Cron = cron }, DateTimeOffset.Parse(after, null), DateTimeOffset.Parse(until, null));

        Assert.Equal(due is null ? null : DateTimeOffset.Parse(due, null), found);
    }

    private static async Task<JsonElement> FinishedAsync(FeatureStoreApp app, string id)
    {
        JsonElement job = default;
        await Eventually.TrueAsync(
            async () =>
            {
                job = await app.Client.GetFromJsonAsync<JsonElement>($"/api/materializations/{id}");
                return job.GetProperty("state").GetString() is not ("queued" or "running");
            },
            TimeSpan.FromMinutes(2), "the job is finished");
        return job;
    }

    private static async Task<string> TripsAsync(FeatureStoreApp app) =>
        (await app.PostOkAsync("/get-online-features", Samples.ReadTrips)).GetProperty("results")[1].GetProperty("values").GetRawText();
}
