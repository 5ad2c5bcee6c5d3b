using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Tests.Reliability;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.PointInTime;

public sealed class TimeZoneTests
{
    [Theory]
    [InlineData("TIMESTAMP '2026-03-01 12:00:00'")]
    [InlineData("'2026-03-01 12:00:00'")]
    public async Task A_time_without_zone_is_UTC_wherever_the_server_stands(string time)
    {
        using var folder = new TempFolder();
        await using var store = await FeatureStoreProcess.StartAsync(("TZ", "America/New_York"));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        await store.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:59:00Z", 1));
        await store.PostOkAsync("/push", Samples.Push(1, "2026-03-01T16:59:00Z", 2));
        using var entities = new ByteArrayContent(await EntitiesAsync(folder["entities.parquet"], time));
        entities.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.apache.parquet");
        using var answer = await store.Client.PostAsync("/api/historical-features?feature_service=stats", entities);
        var columns = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("columns");
        Assert.Equal("[1]", columns.GetProperty("trips").GetRawText());
        Assert.Equal("[\"2026-03-01T12:00:00Z\"]", columns.GetProperty("event_timestamp").GetRawText());
    }

    private static async Task<byte[]> EntitiesAsync(string path, string time)
    {
        await using var connection = new DuckDBConnection("DataSource=:memory:");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"COPY (SELECT 1::BIGINT AS driver_id, {time} AS event_timestamp) TO '{path}' (FORMAT parquet)";
        await command.ExecuteNonQueryAsync();
        return await File.ReadAllBytesAsync(path);
    }
}
