using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DuckDB.NET.Data;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.FeatureStore.Offline;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Erasure;

public sealed class ErasureTests
{
    private const string Local = """
        driver_id,city,event_timestamp,visits
        1,Rome,2026-03-01T11:00:00Z,1
        1,Par|is,2026-03-01T11:00:00Z,2
        2,Rome,2026-03-01T11:00:00Z,3
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_entity_is_gone_from_every_store_and_everything_else_is_there(bool compacted)
    {
        await using var app = await StartAsync();
        foreach (var day in new[] { 27, 28 })
        {
            await app.PostOkAsync("/push", Samples.Push("online_and_offline", (1, $"2026-02-{day}T11:00:00Z", "2026-03-01T12:00:00Z", "1", "0.5", "\"a\""), (2, $"2026-02-{day}T11:00:00Z", "2026-03-01T12:00:00Z", "2", "0.5", "\"b\"")));
        }

        await app.PostOkAsync("/push", Samples.Push(1, "2026-02-26T11:00:00Z", 1, to: "offline"));
        await app.PostOkAsync("/api/feature-views/local/rows", Local, "text/csv");
        if (compacted)
        {
            await app.PostOkAsync("/api/feature-views/hourly/compact", "");
            await app.PostOkAsync("/api/feature-views/local/compact", "");
        }

        await app.PostOkAsync("/get-online-features", """{"features":["hourly:trips"],"entities":{"driver_id":[1,2]}}""");
        await Eventually.TrueAsync(() => Task.FromResult(Logs(app).Length == 1), TimeSpan.FromMinutes(1), "the read is logged");

        var erased = await app.PostOkAsync("/api/erasures", """{"entity":"driver","key":{"driver_id":1},"reason":"asked for"}""");

        Assert.Equal(("succeeded", "driver", "asked for"), (erased.GetProperty("state").GetString(), erased.GetProperty("entity").GetString(), erased.GetProperty("reason").GetString()));
        var views = erased.GetProperty("views").EnumerateArray().ToDictionary(view => view.GetProperty("feature_view").GetString()!, view => view);
        Assert.Equal((1, 3), (views["hourly"].GetProperty("online_rows").GetInt32(), views["hourly"].GetProperty("offline_rows").GetInt32()));
        Assert.Equal((2, 2), (views["local"].GetProperty("online_rows").GetInt32(), views["local"].GetProperty("offline_rows").GetInt32()));
        Assert.Equal(1, erased.GetProperty("read_log_rows").GetInt32());
        var log = await File.ReadAllTextAsync(Logs(app)[0]);
        Assert.DoesNotContain("[\"1\"]", log, StringComparison.Ordinal);
        Assert.Contains("[\"2\"]", log, StringComparison.Ordinal);
        Assert.Equal(["backup nightly", "event_log mlsystem.features", "online_store_log append-only file and snapshots", "source stats_push"], erased.GetProperty("remains").EnumerateArray()
            .Select(left => $"{left.GetProperty("where").GetString()} {left.GetProperty("name").GetString()}").Order(StringComparer.Ordinal));

        Assert.Equal("""["NOT_FOUND","OUTSIDE_MAX_AGE"]""", await StatusesAsync(app, "hourly:trips", """{"driver_id":[1,2]}"""));
        Assert.Equal("""["NOT_FOUND","NOT_FOUND","PRESENT"]""", await StatusesAsync(app, "local:visits", """{"driver_id":[1,1,2],"city":["Rome","Par|is","Rome"]}"""));
        Assert.Equal("[null,2]", await JoinedAsync(app, "2026-02-28T11:00:00Z"));
        Assert.Equal((0, 3), await CountAsync(app));
    }

    [Fact]
    public async Task An_old_row_brings_an_erased_entity_back_on_no_way_and_a_new_one_does()
    {
        await using var app = await StartAsync();
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:55:00Z", 1));
        await app.PostOkAsync("/api/erasures", """{"entity":"driver","key":{"driver_id":1}}""");

        var late = await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:55:00Z", 1));
        Assert.Equal(1, late.GetProperty("erased_rows").GetInt32());
        var upload = await app.PostOkAsync("/api/feature-views/local/rows", Local, "text/csv");
        Assert.Equal((1, 2), (upload.GetProperty("ingested").GetInt32(), upload.GetProperty("erased_rows").GetInt32()));

        // Straight into the event log, as another producer, or a replica that has not heard of it, would.
        var row = new FeatureRowEvent
        {
            FeatureView = "hourly",
            Entity = new Dictionary<string, JsonElement> { ["driver_id"] = JsonSerializer.SerializeToElement(1) },
            EventTime = FeatureStoreApp.Start.AddMinutes(-4),
            CreatedTime = FeatureStoreApp.Start,
            Values = new Dictionary<string, JsonElement> { ["trips"] = JsonSerializer.SerializeToElement(5) },
            Online = true,
            Offline = true,
        };
        var log = app.Services.GetRequiredService<IEventLog>();
        await log.AppendAsync(Topics.Features, [new LogEvent("fs:hourly:1", JsonSerializer.SerializeToUtf8Bytes(row, ContractsJson.Default.FeatureRowEvent), new Dictionary<string, string>())], CancellationToken.None);
        await app.PostOkAsync("/materialize", """{"start_ts":"2026-01-01T00:00:00Z","end_ts":"2026-12-31T00:00:00Z"}""");
        await Eventually.TrueAsync(
            async () => (await log.GetPositionsAsync(Topics.Features, "features-online", CancellationToken.None)).All(position => position.Committed == position.End),
            TimeSpan.FromMinutes(1), "the event is handled");
        Assert.Equal("""["NOT_FOUND"]""", await StatusesAsync(app, "hourly:trips", """{"driver_id":[1]}"""));
        Assert.Equal("[null,null]", await JoinedAsync(app, "2026-03-01T11:58:00Z"));

        app.Time.Advance(TimeSpan.FromMinutes(1));
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T12:00:30Z", 9));
        Assert.Equal("""["PRESENT"]""", await StatusesAsync(app, "hourly:trips", """{"driver_id":[1]}"""));
        Assert.Equal("[9,null]", await JoinedAsync(app, "2026-03-01T12:01:00Z"));
    }

    [Fact]
    public async Task Rows_from_the_future_and_rows_of_deleted_views_are_erased_too()
    {
        await using var app = await StartAsync();
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-02T06:00:00Z", 1));
        await app.PostOkAsync("/api/feature-views/local/rows", Local, "text/csv");
        await app.PostOkAsync("/api/apply", """{"delete":{"feature_views":["local"]}}""");

        var erased = await app.PostOkAsync("/api/erasures", """{"entity":"driver","key":{"driver_id":1}}""");

        Assert.Equal(DateTimeOffset.Parse("2026-03-02T06:00:00Z", CultureInfo.InvariantCulture), erased.GetProperty("cutoff").GetDateTimeOffset());
        Assert.Equal(2, erased.GetProperty("views").EnumerateArray().Single(view => view.GetProperty("feature_view").GetString() == "local").GetProperty("offline_rows").GetInt32());
        Assert.Equal("""["NOT_FOUND"]""", await StatusesAsync(app, "hourly:trips", """{"driver_id":[1]}"""));
    }

    /// <summary>Keys with everything that SQL, JSON and online keys give a meaning to: each is erased alone.</summary>
    [Fact]
    public async Task Exactly_the_named_entity_is_erased_whatever_its_key_looks_like()
    {
        await using var app = await StartAsync();
        string[] cities = ["a", "a|b", "b", "a\\", "\\", "'", "''", "\"", "*", "ä|\\'", "%", "[a]", "?"];
        var csv = new StringBuilder("driver_id,city,event_timestamp,visits\n");
        foreach (var (index, city) in cities.Index())
        {
            csv.Append(CultureInfo.InvariantCulture, $"7,\"{city.Replace("\"", "\"\"", StringComparison.Ordinal)}\",2026-03-01T11:00:00Z,{index}\n");
        }

        await app.PostOkAsync("/api/feature-views/local/rows", csv.ToString(), "text/csv");
        var gone = new HashSet<string>(StringComparer.Ordinal);
        foreach (var city in cities)
        {
            var erased = await app.PostOkAsync("/api/erasures", JsonSerializer.Serialize(new { entity = "city", key = new { city } }));
            gone.Add(city);
            var view = Assert.Single(erased.GetProperty("views").EnumerateArray());
            Assert.Equal((1, 1), (view.GetProperty("online_rows").GetInt32(), view.GetProperty("offline_rows").GetInt32()));
            var expected = string.Join(',', cities.Select(other => gone.Contains(other) ? "\"NOT_FOUND\"" : "\"PRESENT\""));
            Assert.Equal($"[{expected}]", await StatusesAsync(app, "local:visits", JsonSerializer.Serialize(new { driver_id = cities.Select(_ => 7), city = cities })));
        }
    }

    [Fact]
    public async Task The_record_tells_who_erased_what_without_the_key_and_mistakes_are_told_all_at_once()
    {
        await using var app = await StartAsync();
        await app.PostOkAsync("/api/erasures", """{"entity":"city","key":{"city":"Atlantis"}}""");

        var list = await app.Client.GetStringAsync("/api/erasures");
        Assert.DoesNotContain("Atlantis", list, StringComparison.Ordinal);
        var record = JsonDocument.Parse(list).RootElement.GetProperty("erasures")[0];
        Assert.Equal((64, "anonymous"), (record.GetProperty("key_hash").GetString()!.Length, record.GetProperty("created_by").GetString()));

        Assert.Equal(404, (await app.PostAsync("/api/erasures", """{"entity":"nope","key":{}}""")).Status);
        var (status, body) = await app.PostAsync("/api/erasures?wait_seconds=-1", """{"entity":"driver","key":{"driver_id":"x","city":1},"because":1}""");
        Assert.Equal((400, "because key.city key.driver_id wait_seconds"), (status, string.Join(' ', body.GetProperty("errors").EnumerateObject().Select(error => error.Name).Order(StringComparer.Ordinal))));
    }

    private static async Task<FeatureStoreApp> StartAsync()
    {
        var app = await FeatureStoreApp.StartAsync(
            ("Features:Consistency:SampleShare", "1"), ("Features:Consistency:IntervalSeconds", "0"),
            ("Features:Erasure:Backups:0:Name", "nightly"), ("Features:Erasure:Backups:0:RetentionDays", "30"));
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        return app;
    }

    private static string[] Logs(FeatureStoreApp app) => [.. Directory.EnumerateFiles(app.DataFolder, "*.jsonl", SearchOption.AllDirectories)];

    private static async Task<string> StatusesAsync(FeatureStoreApp app, string feature, string entities)
    {
        var results = (await app.PostOkAsync("/get-online-features", $$"""{"features":["{{feature}}"],"entities":{{entities}}}""")).GetProperty("results");
        return results[results.GetArrayLength() - 1].GetProperty("statuses").GetRawText();
    }

    private static async Task<string> JoinedAsync(FeatureStoreApp app, string at) =>
        (await app.PostOkAsync("/api/historical-features", $$$"""{"features":["hourly:trips"],"entity_df":{"driver_id":[1,2],"event_timestamp":["{{{at}}}","{{{at}}}"]}}"""))
        .GetProperty("columns").GetProperty("trips").GetRawText();

    /// <summary>Rows of drivers 1 and 2 in every Parquet file on disk, whether it counts or not.</summary>
    private static async Task<(long Erased, long Kept)> CountAsync(FeatureStoreApp app)
    {
        await using var connection = new DuckDBConnection("DataSource=:memory:");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        var files = Directory.EnumerateFiles(app.DataFolder, "*.parquet*", SearchOption.AllDirectories).Select(DuckDb.Text);
        command.CommandText = $"SELECT count(*) FILTER (driver_id = 1), count(*) FILTER (driver_id = 2) FROM read_parquet([{string.Join(", ", files)}], union_by_name=true)";
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetInt64(1));
    }
}
