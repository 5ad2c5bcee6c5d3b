using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Ingestion;

/// <summary>Clocks that disagree: event times of the future.</summary>
public sealed class EventTimeTests
{
    [Fact]
    public async Task Rows_ahead_of_the_clock_are_taken_up_to_the_limit_and_every_one_beyond_is_told()
    {
        await using var app = await FeatureStoreApp.StartAsync(("Features:MaxFutureSeconds", "60"));
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T12:01:00Z", 1));

        var (status, answer) = await app.PostAsync("/push", Samples.Push(
            "online",
            (1, "2026-03-01T12:01:00.000001Z", "2026-03-01T12:00:00Z", "2", "0", "\"a\""), (2, "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", "2", "0", "\"a\""),
            (3, "2036-01-01T00:00:00Z", "2026-03-01T12:00:00Z", "2", "0", "\"a\"")));

        Assert.Equal(422, status);
        Assert.Equal(["""["body","df","event_timestamp",0]""", """["body","df","event_timestamp",2]"""], answer.GetProperty("detail").EnumerateArray().Select(issue => issue.GetProperty("loc").GetRawText()));
        Assert.Contains("allowed are 60 s (Features:MaxFutureSeconds)", answer.GetProperty("detail")[0].GetProperty("msg").GetString(), StringComparison.Ordinal);
        var read = await app.PostOkAsync("/get-online-features", """{"features":["hourly:trips"],"entities":{"driver_id":[1,2]}}""");
        Assert.Equal("[1,null]", read.GetProperty("results")[1].GetProperty("values").GetRawText());

        var csv = await app.PostOkAsync("/api/feature-views/local/rows?on_error=skip", "driver_id,city,event_timestamp,visits\n1,a,2026-03-01T12:02:00Z,1\n1,b,2026-03-01T12:00:30Z,2\n", "text/csv");
        Assert.Equal((1, 2), (csv.GetProperty("ingested").GetInt32(), csv.GetProperty("errors")[0].GetProperty("line").GetInt32()));
    }

    [Fact]
    public async Task Another_producers_row_beyond_the_limit_is_left_out()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var log = app.Services.GetRequiredService<IEventLog>();
        await log.AppendAsync(Topics.Features, [Row("2026-03-03T00:00:00Z", 1), Row("2026-03-01T12:30:00Z", 2)], CancellationToken.None);

        await Eventually.TrueAsync(
            async () => (await app.PostOkAsync("/get-online-features", Samples.ReadTrips)).GetProperty("results")[1].GetProperty("values").GetRawText() == "[2]",
            TimeSpan.FromMinutes(2), "the row within the limit");
    }

    private static LogEvent Row(string time, int trips) => new(
        "other",
        JsonSerializer.SerializeToUtf8Bytes(new
        {
            feature_view = "hourly", entity = new { driver_id = 1 }, event_time = time, created_time = "2026-03-01T12:00:00Z", values = new { trips, rate = 0.5, tier = "x" }, online = true, offline = true,
        }),
        new Dictionary<string, string> { ["ce_specversion"] = "1.0", ["ce_id"] = time, ["ce_source"] = "/elsewhere", ["ce_type"] = EventTypes.FeatureRow, ["ce_time"] = "2026-03-01T12:00:00Z" });
}
