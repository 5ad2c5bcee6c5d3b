using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Parquet;

namespace MlSystem.FeatureStore.Tests.PointInTime;

public sealed class HistoricalFeaturesTests(SharedApp shared) : IClassFixture<SharedApp>
{
    private const string Rows = """{"feature_service":"stats","entity_df":{"driver_id":[1,1,2],"event_timestamp":["2026-03-01T11:00:00Z","2026-03-01T10:59:59Z","2026-03-01T11:05:00Z"],"label":[1,null,3]}}""";

    [Fact]
    public async Task Rows_acknowledged_just_before_are_there()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        for (var i = 0; i < 5; i++)
        {
            await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", i, created: $"2026-03-01T12:00:0{i}Z", to: "offline"));
            var answer = await app.PostOkAsync("/api/historical-features", Rows);
            Assert.Equal($"[{i},null,null]", answer.GetProperty("columns").GetProperty("trips").GetRawText());
            Assert.Equal("[1,null,3]", answer.GetProperty("columns").GetProperty("label").GetRawText());
        }
    }

    [Fact]
    public async Task Parquet_goes_out_and_comes_in()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", 4));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/historical-features") { Content = new StringContent(Rows, Encoding.UTF8, "application/json") };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/vnd.apache.parquet"));
        using var response = await app.Client.SendAsync(request);
        Assert.Equal("application/vnd.apache.parquet", response.Content.Headers.ContentType!.MediaType);
        var parquet = await response.Content.ReadAsByteArrayAsync();
        await using (var reader = await ParquetReader.CreateAsync(new MemoryStream(parquet)))
        {
            Assert.Equal(["driver_id", "event_timestamp", "label", "rate", "trips", "s"], reader.Schema.DataFields.Select(field => field.Name));
        }

        // The answer has the entity rows, so it can be asked with again; its own features would collide.
        using var again = new ByteArrayContent(parquet);
        again.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.apache.parquet");
        using var collision = await app.Client.PostAsync("/api/historical-features?feature_service=stats", again);
        Assert.Equal(422, (int)collision.StatusCode);
        using var renamed = new ByteArrayContent(parquet);
        renamed.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.apache.parquet");
        using var joined = await app.Client.PostAsync("/api/historical-features?feature_service=stats&full_feature_names=true", renamed);
        var columns = (await joined.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("columns");
        Assert.Equal("[4,null,4]".Replace("4]", "null]", StringComparison.Ordinal), columns.GetProperty("hourly__trips").GetRawText());
        Assert.Equal("""["2026-03-01T11:00:00Z","2026-03-01T10:59:59Z","2026-03-01T11:05:00Z"]""", columns.GetProperty("event_timestamp").GetRawText());
    }

    [Theory]
    [InlineData("{", 400, "not valid JSON")]
    [InlineData("{}", 422, "entity_df")]
    [InlineData("""{"feature_service":"nope","entity_df":{}}""", 404, "There is no feature service 'nope'")]
    [InlineData("""{"feature_service":"stats","version":9,"entity_df":{}}""", 404, "version 9")]
    [InlineData("""{"feature_service":"stats","entity_df":{"driver_id":["x"]}}""", 422, "entity_df.event_timestamp")]
    [InlineData("""{"feature_service":"stats","entity_df":{"driver_id":["x",null],"event_timestamp":["nope",null]}}""", 422, "is not a time")]
    [InlineData("""{"feature_service":"stats","entity_df":{"driver_id":[1],"event_timestamp":["2026-03-01T11:00:00Z"],"TRIPS":[1]}}""", 422, "A feature has the same name")]
    [InlineData("""{"feature_service":"stats","entity_df":{"driver_id":[1,2],"event_timestamp":["2026-03-01T11:00:00Z"]}}""", 422, "has 1 values")]
    public async Task Mistakes_are_told_as_problem_details(string body, int status, string message)
    {
        var app = shared.App;

        var (answered, answer) = await app.PostAsync("/api/historical-features", body);

        Assert.Equal(status, answered);
        Assert.Contains(message, System.Text.RegularExpressions.Regex.Unescape(answer.ToString()), StringComparison.Ordinal);
    }
}
