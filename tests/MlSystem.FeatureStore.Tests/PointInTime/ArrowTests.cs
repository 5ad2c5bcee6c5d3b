using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace MlSystem.FeatureStore.Tests.PointInTime;

public sealed class ArrowTests
{
    private const string Arrow = "application/vnd.apache.arrow.stream";

    [Fact]
    public async Task Arrow_goes_in_and_out_with_every_type_of_feature()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/write-to-online-store", """
            {"feature_view_name":"wide","df":{"driver_id":[1],"event_timestamp":["2026-03-01T11:00:00Z"],
             "b":[true],"i":[-2147483648],"l":[9007199254740993],"f":[0.1],"d":[1e-300],"s":["a text of more than twelve bytes: é"]}}
            """);
        await app.PostOkAsync("/push", Samples.Push(2, "2026-03-01T11:00:00Z", 9));
        await app.PostOkAsync("/api/feature-views/wide/rows", "driver_id,event_timestamp,b,i,l,f,d,s\n1,2026-03-01T10:00:00Z,true,-2147483648,9007199254740993,0.1,1e-300,\"a text of more than twelve bytes: é\"\n", "text/csv");
        using var body = Body(await ArrowRows.EntitiesAsync((1, ArrowRows.Eleven.AddMinutes(-30)), (2, ArrowRows.Eleven), (1, ArrowRows.Eleven.AddHours(-2))));
        using var request = new HttpRequestMessage(
            HttpMethod.Post, "/api/historical-features?features=wide:b&features=wide:i&features=wide:l&features=wide:f&features=wide:d&features=wide:s&features=hourly:trips") { Content = body };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(Arrow));

        using var response = await app.Client.SendAsync(request);

        Assert.Equal(Arrow, response.Content.Headers.ContentType?.MediaType);
        var batch = Assert.Single(await ArrowRows.ReadAsync(await response.Content.ReadAsByteArrayAsync()));
        Assert.Equal(["driver_id", "event_timestamp", "label", "b", "i", "l", "f", "d", "s", "trips"], batch.Schema.FieldsList.Select(field => field.Name));
        Assert.Equal([1L, 2L, 1L], ((Int64Array)batch.Column(0)).Values.ToArray());
        Assert.Equal(ArrowRows.Eleven.AddMinutes(-30), ((TimestampArray)batch.Column(1)).GetTimestamp(0));
        Assert.Equal([0.5, 1.5, 2.5], ((DoubleArray)batch.Column(2)).Values.ToArray());
        Assert.True(((BooleanArray)batch.Column(3)).GetValue(0));
        Assert.Equal(int.MinValue, ((Int32Array)batch.Column(4)).GetValue(0));
        Assert.Equal(9007199254740993, ((Int64Array)batch.Column(5)).GetValue(0));
        Assert.Equal(0.1f, ((FloatArray)batch.Column(6)).GetValue(0));
        Assert.Equal(1e-300, ((DoubleArray)batch.Column(7)).GetValue(0));
        Assert.Equal("a text of more than twelve bytes: é", ((StringArray)batch.Column(8)).GetString(0));
        Assert.All(Enumerable.Range(3, 6), column => Assert.True(batch.Column(column).IsNull(1) && batch.Column(column).IsNull(2)));
        Assert.Equal(9, ((Int32Array)batch.Column(9)).GetValue(1));
    }

    [Fact]
    public async Task Every_mistake_of_the_rows_is_told_at_once()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var batch = new RecordBatch.Builder()
            .Append("driver_id", true, columns => columns.Double(column => column.Append(1.5).AppendNull()))
            .Append("event_timestamp", true, columns => columns.String(column => column.Append("soon").Append("2026-03-01T11:00:00Z")))
            .Append("trips", true, columns => columns.Int32(column => column.Append(1).Append(2)))
            .Append("__x", true, columns => columns.Int32(column => column.Append(1).Append(2)))
            .Build();
        using var body = Body(await ArrowRows.StreamAsync(batch));

        using var response = await app.Client.PostAsync("/api/historical-features?feature_service=stats", body);

        Assert.Equal(422, (int)response.StatusCode);
        var errors = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors");
        Assert.Contains("2 values are missing or of the wrong type, the first in row 0", errors.GetProperty("entity_df.driver_id")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("1 values", errors.GetProperty("entity_df.event_timestamp")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("same name", errors.GetProperty("entity_df.trips")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("reserved", errors.GetProperty("entity_df.__x")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_Arrow_and_what_can_not_be_answered_is_refused()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        using var broken = Body([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        Assert.Equal(422, (int)(await app.Client.PostAsync("/api/historical-features?feature_service=stats", broken)).StatusCode);
        var list = new RecordBatch.Builder().Append("driver_id", true, new ListArray.Builder(Int32Type.Default).Append().Build()).Build();
        using var typed = Body(await ArrowRows.StreamAsync(list));
        using var refused = await app.Client.PostAsync("/api/historical-features?feature_service=stats", typed);
        Assert.Contains("allowed: bool", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").GetProperty("entity_df.driver_id")[0].GetString(), StringComparison.Ordinal);
        using var text = new StringContent("a,b", System.Text.Encoding.UTF8, "text/csv");
        Assert.Equal(415, (int)(await app.Client.PostAsync("/api/historical-features?feature_service=stats", text)).StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/historical-features") { Content = JsonContent.Create(new { }) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/csv"));
        Assert.Equal(406, (int)(await app.Client.SendAsync(request)).StatusCode);
    }

    private static ByteArrayContent Body(byte[] stream)
    {
        var content = new ByteArrayContent(stream);
        content.Headers.ContentType = new MediaTypeHeaderValue(Arrow);
        return content;
    }
}
