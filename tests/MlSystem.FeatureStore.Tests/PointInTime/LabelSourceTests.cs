using DuckDB.NET.Data;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.PointInTime;

public sealed class LabelSourceTests
{
    [Fact]
    public async Task Labels_come_from_files_sources_and_views()
    {
        using var sources = new TempFolder();
        await File.WriteAllTextAsync(sources["labels.csv"], "driver_id,event_timestamp,churned\n1,2026-03-01T11:05:00+02:00,true\n1,2026-03-01T11:05:00Z,false\n");
        await WriteParquetAsync(sources["labels.parquet"]);
        await using var app = await FeatureStoreApp.StartAsync(("Features:FileSourceDirectory", sources.Path));
        await app.PostOkAsync("/api/apply", Samples.Definitions.Replace(
            "{ \"name\": \"stats_push\", \"kind\": \"push\" }", "{ \"name\": \"stats_push\", \"kind\": \"push\" }, { \"name\": \"labels\", \"kind\": \"file\", \"path\": \"labels.csv\" }", StringComparison.Ordinal));
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", 4));
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", 5, created: "2026-03-01T12:00:01Z"));
        await app.PostOkAsync("/api/feature-views/local/rows", "driver_id,city,event_timestamp,visits\n1,x,2026-03-01T11:01:00Z,7\n1,y,2026-03-01T10:00:00Z,8\n", "text/csv");

        Assert.Equal("[null,5]", await JoinAsync(app, """{"file":"labels.csv"}""", "trips"));
        Assert.Equal("[true,false]", await JoinAsync(app, """{"source":"labels"}""", "churned"));
        Assert.Equal("[5,null]", await JoinAsync(app, """{"file":"labels.parquet"}""", "trips"));
        Assert.Equal("[null,5]", await JoinAsync(app, """{"feature_view":"local"}""", "trips"));
        Assert.Equal("[8,7]", await JoinAsync(app, """{"feature_view":"local","columns":["visits"]}""", "visits"));
        Assert.Equal("[7]", await JoinAsync(app, """{"feature_view":"local","start":"2026-03-01T10:30:00Z"}""", "visits"));
    }

    [Theory]
    [InlineData("""{"file":"../labels.csv"}""", "There is no file")]
    [InlineData("""{"file":"nope.csv"}""", "There is no file")]
    [InlineData("""{"source":"stats_push"}""", "of kind push")]
    [InlineData("""{"feature_view":"nope"}""", "There is no feature view")]
    [InlineData("""{"feature_view":"local","columns":["nope"],"start":"never"}""", "has no feature 'nope'")]
    [InlineData("""{"file":"a","source":"b"}""", "Exactly one of")]
    [InlineData("7", "Exactly one of")]
    public async Task Mistakes_are_told(string source, string message)
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);

        var (status, answer) = await app.PostAsync("/api/historical-features", $$"""{"features":["hourly:trips"],"label_source":{{source}}}""");

        Assert.Equal(422, status);
        Assert.Contains(message, System.Text.RegularExpressions.Regex.Unescape(answer.ToString()), StringComparison.Ordinal);
    }

    private static async Task<string> JoinAsync(FeatureStoreApp app, string source, string column) =>
        (await app.PostOkAsync("/api/historical-features", $$"""{"features":["hourly:trips"],"label_source":{{source}}}""")).GetProperty("columns").GetProperty(column).GetRawText();

    private static async Task WriteParquetAsync(string path)
    {
        await using var connection = new DuckDBConnection("DataSource=:memory:");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"COPY (SELECT * FROM (VALUES ('1'::BLOB, TIMESTAMP '2026-03-01 11:00:00'), ('2'::BLOB, TIMESTAMP '2026-03-01 11:00:00')) t(driver_id, event_timestamp)) TO '{path}' (FORMAT parquet)";
        await command.ExecuteNonQueryAsync();
    }
}
