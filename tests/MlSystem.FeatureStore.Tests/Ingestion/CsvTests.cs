using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Tests.Ingestion;

public sealed class CsvTests(SharedApp shared) : IClassFixture<SharedApp>
{
    private const string Path = "/api/feature-views/wide/rows";

    [Fact]
    public async Task Every_bad_row_is_told_with_line_and_column_and_nothing_is_ingested()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        const string Csv = "driver_id,event_timestamp,b,i,l,f,d,s,extra\r\n"
            + "1,2026-03-01T11:00:00Z,true,1,1,1,1,\"two\r\nlines, and \"\"quotes\"\"\",x\r\n"
            + "x,2026-03-01T11:00:00Z,maybe,1,1,1,1,s,x\r\n"
            + "\r\n"
            + "3,yesterday,true,2147483648,1.5,1e39,abc,s,x\r\n"
            + "4,2026-03-01T11:00:00Z,true,1\r\n"
            + ",2026-03-01T11:00:00Z,,,,,,,x\r\n"
            + "6,2026-03-01T11:00:00Z,1,1,1,1,1,a\"b,x";

        var (status, refused) = await app.PostAsync(Path, Csv, "text/csv");

        Assert.Equal(422, status);
        Assert.Equal(0, refused.GetProperty("ingested").GetInt64());
        Assert.Equal(["extra"], refused.GetProperty("ignored_columns").EnumerateArray().Select(column => column.GetString()));
        Assert.Equal(
            ["4:driver_id", "4:b", "6:i", "6:l", "6:f", "6:d", "6:event_timestamp", "7:", "8:driver_id", "9:"],
            refused.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("line")}:{(error.TryGetProperty("column", out var column) ? column.GetString() : "")}"));
        var read = await app.PostOkAsync("/get-online-features", """{"features":["wide:s"],"entities":{"driver_id":[1]}}""");
        Assert.Equal("NOT_FOUND", read.GetProperty("results")[1].GetProperty("statuses")[0].GetString());

        var skipped = await app.PostOkAsync(Path + "?on_error=skip", Csv, "text/csv");
        Assert.Equal((1, 5), (skipped.GetProperty("ingested").GetInt32(), skipped.GetProperty("skipped").GetInt32()));
        read = await app.PostOkAsync("/get-online-features", """{"features":["wide:s"],"entities":{"driver_id":[1]}}""");
        Assert.Equal("two\r\nlines, and \"quotes\"", read.GetProperty("results")[1].GetProperty("values")[0].GetString());
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("driver_id,driver_id\n1,1", "the column is there twice")]
    [InlineData("driver_id,event_timestamp,b,i,l,f,d\n", "the column is missing")]
    [InlineData("driver_id,event_timestamp,b,i,l,f,d,s\n1,2026-03-01T11:00:00Z,,,,,,\"open", "a quoted value does not end")]
    public async Task Broken_files_are_refused(string csv, string message)
    {
        var app = shared.App;

        var (status, refused) = await app.PostAsync(Path, csv, "text/csv");

        Assert.Equal(422, status);
        Assert.Contains(message, refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_file_twice_changes_nothing_and_messages_beyond_the_limit_are_counted()
    {
        await using var app = await FeatureStoreApp.StartAsync(("Features:MaxReportedErrors", "2"), ("Features:IngestBatchRows", "7"));
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var csv = "\uFEFFdriver_id,event_timestamp,b,i,l,f,d,s\n" + string.Join('\n', Enumerable.Range(0, 100).Select(i => $"{i},2026-03-01 11:00:00,1,{i},{i},{i}.5,NaN,t{i}"));
        for (var repeat = 0; repeat < 2; repeat++)
        {
            Assert.Equal(100, (await app.PostOkAsync(Path, csv, "text/csv")).GetProperty("ingested").GetInt32());
        }

        var joined = await app.PostOkAsync("/api/historical-features", """{"features":["wide:i","wide:d"],"entity_df":{"driver_id":[99],"event_timestamp":["2026-03-01T11:00:00Z"]}}""");
        Assert.Equal(("[99]", "[null]"), (joined.GetProperty("columns").GetProperty("i").GetRawText(), joined.GetProperty("columns").GetProperty("d").GetRawText()));
        Assert.Equal(1, joined.GetProperty("rows").GetInt32());

        var (_, refused) = await app.PostAsync(Path, "driver_id,event_timestamp,b,i,l,f,d,s\n" + string.Concat(Enumerable.Repeat("x,y,1,1,1,1,1,1\n", 3)), "text/csv");
        Assert.Equal((2, 4), (refused.GetProperty("errors").GetArrayLength(), refused.GetProperty("errors_omitted").GetInt32()));
    }

    [Fact]
    public async Task Wrong_column_values_in_a_push_are_all_told_and_nothing_is_pushed()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);

        var (status, answer) = await app.PostAsync("/push", Samples.Push(
            "online", (1, "2026-03-01T11:00:00Z", "2026-03-01T11:00:00Z", "1", "1", "\"x\""), (2, "soon", "2026-03-01T11:00:00Z", "1.5", "\"1\"", "7")));

        Assert.Equal(422, status);
        Assert.Equal(
            ["""["body","df","trips",1]""", """["body","df","rate",1]""", """["body","df","tier",1]""", """["body","df","event_timestamp",1]"""],
            answer.GetProperty("detail").EnumerateArray().Select(issue => issue.GetProperty("loc").GetRawText()));
        Assert.Equal(422, (await app.PostAsync("/push", """{"push_source_name":"nope","df":{}}""")).Status);
        Assert.Equal(404, (await app.PostAsync("/write-to-online-store", """{"feature_view_name":"nope","df":{}}""")).Status);
        var read = await app.PostOkAsync("/get-online-features", Samples.ReadTrips);
        Assert.Equal("NOT_FOUND", read.GetProperty("results")[1].GetProperty("statuses")[0].GetString());
    }

    [Fact]
    public async Task The_log_carries_the_agreed_event()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var view = app.Services.GetRequiredService<CatalogStore>().Current.Views["hourly"];
        var row = new FeatureRow
        {
            View = view,
            Keys = [FeatureValue.Of(7L)],
            EventUs = 1_772_366_400_000_001,
            CreatedUs = 1_772_366_401_000_000,
            Values = [FeatureValue.Of(3L), FeatureValue.Missing, FeatureValue.Of("é")],
            Online = true,
        };

        var stored = RowCodec.Encode(row, new System.Buffers.ArrayBufferWriter<byte>(), app.Time);
        var read = JsonSerializer.Deserialize(stored.Value.Span, Contracts.ContractsJson.Default.FeatureRowEvent)!;

        Assert.Equal(("hourly", true, false), (read.FeatureView, read.Online, read.Offline));
        Assert.Equal("7", read.Entity["driver_id"].GetRawText());
        Assert.Equal(("3", "null", "é"), (read.Values["trips"].GetRawText(), read.Values["rate"].GetRawText(), read.Values["tier"].GetString()));
        Assert.Equal("2026-03-01T12:00:00.0000010+00:00", read.EventTime.ToString("O"));
        Assert.Equal("fs:hourly:7", stored.Key);
        Assert.Equal(row.EventUs, RowCodec.Decode(stored.Value, app.Services.GetRequiredService<CatalogStore>().Current).Row!.EventUs);
    }

    [Fact]
    public void An_event_of_another_producer_goes_online_and_offline_unless_it_says_otherwise()
    {
        var json = """{"feature_view":"wide","entity":{"driver_id":7},"event_time":"2026-03-01T11:00:00Z","created_time":"2026-03-01T11:00:01Z","values":{"s":"x"}}"""u8.ToArray();

        var (row, error) = RowCodec.Decode(json, shared.App.Services.GetRequiredService<CatalogStore>().Current);

        Assert.Null(error);
        Assert.Equal((true, true, "x"), (row!.Online, row.Offline, row.Values[5].Text));
        Assert.NotNull(RowCodec.Decode("{}"u8.ToArray(), shared.App.Services.GetRequiredService<CatalogStore>().Current).Error);
    }
}
