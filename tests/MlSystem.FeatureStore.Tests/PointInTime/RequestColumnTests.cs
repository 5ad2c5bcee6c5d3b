using System.Net;
using System.Text.Json;
using DuckDB.NET.Data;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.PointInTime;

/// <summary>Request columns of entity rows in a file: told by row where they don't read, never rounded.</summary>
public sealed class RequestColumnTests
{
    private const string Definitions = """
        entities: [{ name: driver, join_keys: [{ name: driver_id, datatype: INT64 }] }]
        sources: [{ name: ride, kind: request, columns: [{ name: amount, datatype: FP64 }, { name: count, datatype: INT64 }] }]
        feature_views: [{ name: v, entities: [driver], features: [{ name: x, datatype: FP64 }] }]
        on_demand_feature_views:
          - { name: computed, sources: [v, ride], features: [{ name: share, datatype: FP64, expression: "amount / count" }] }
        """;

    [Theory]
    [InlineData("'abc'", "1::BIGINT", "entity_df.amount", "1 values are not FP64, the first in row 1")]
    [InlineData("[1.5]", "1::BIGINT", "entity_df.amount", "FP64")]
    [InlineData("2.5", "1.5::DOUBLE", "entity_df.count", "1 values are not INT64, the first in row 1")]
    public async Task A_value_of_the_wrong_type_is_a_mistake_of_its_row(string amount, string count, string place, string message)
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions, "application/yaml");

        var (status, answer) = await PostAsync(app, $"SELECT 1::BIGINT AS driver_id, TIMESTAMPTZ '2026-03-01 12:00:00+00' AS event_timestamp, NULL AS amount, NULL AS count UNION ALL SELECT 2, TIMESTAMPTZ '2026-03-01 12:00:00+00', {amount}, {count}");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Contains(message, answer.GetProperty("errors").GetProperty(place)[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Numbers_of_any_width_and_text_that_reads_are_taken()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions, "application/yaml");

        var (status, answer) = await PostAsync(app, "SELECT 1 AS driver_id, TIMESTAMPTZ '2026-03-01 12:00:00+00' AS event_timestamp, '2.5' AS amount, 2.0::DOUBLE AS count UNION ALL SELECT 2, TIMESTAMPTZ '2026-03-01 12:00:00+00', NULL, 5");

        Assert.True(status == HttpStatusCode.OK, answer.ToString());
        Assert.Equal("[1.25,null]", answer.GetProperty("columns").GetProperty("share").GetRawText());
    }

    private static async Task<(HttpStatusCode Status, JsonElement Answer)> PostAsync(FeatureStoreApp app, string rows)
    {
        using var folder = new TempFolder();
        var file = Path.Combine(folder.Path, "rows.parquet");
        await using (var connection = new DuckDBConnection("Data Source=:memory:"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = $"COPY ({rows}) TO '{file}' (FORMAT parquet)";
            await command.ExecuteNonQueryAsync();
        }

        using var content = new ByteArrayContent(await File.ReadAllBytesAsync(file));
        content.Headers.ContentType = new("application/vnd.apache.parquet");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/historical-features?features=computed:share") { Content = content };
        request.Headers.Accept.Add(new("application/json"));
        using var response = await app.Client.SendAsync(request);
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return (response.StatusCode, document.RootElement.Clone());
    }
}
