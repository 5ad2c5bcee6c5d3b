using System.Text.Json;

namespace MlSystem.FeatureStore.Tests.Offline;

public sealed class PartitionStatisticsTests
{
    private const string Rows = """
        driver_id,event_timestamp,b,i,l,f,d,s
        1,2026-03-01T10:00:00Z,true,-3,9,0.5,1.5,b
        2,2026-03-01T11:00:00Z,false,5,,1.5,2.5,ä
        3,2026-03-01T12:00:00Z,true,,,,,
        1,2026-03-02T00:00:00Z,,,,,,
        """;

    /// <summary>The same numbers whether they were counted when the rows were written or by the compaction from its file.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rows_times_and_values_of_each_day_are_told(bool compacted)
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/api/feature-views/wide/rows", Rows, "text/csv");
        if (compacted)
        {
            await app.PostOkAsync("/api/feature-views/wide/compact", "");
        }

        var partitions = JsonDocument.Parse(await app.Client.GetStringAsync("/api/feature-views/wide/partitions")).RootElement.GetProperty("partitions");

        Assert.Equal(2, partitions.GetArrayLength());
        var first = partitions[0];
        Assert.Equal("2026-03-01", first.GetProperty("date").GetString());
        Assert.Equal((3, compacted), (first.GetProperty("rows").GetInt64(), first.GetProperty("compacted").GetBoolean()));
        Assert.Equal(("2026-03-01T10:00:00+00:00", "2026-03-01T12:00:00+00:00"), (first.GetProperty("min_event_time").GetString(), first.GetProperty("max_event_time").GetString()));
        var features = first.GetProperty("features");
        Assert.Equal("""{"null_count":0,"min":0,"max":1,"mean":0.6666666666666666}""", features.GetProperty("b").GetRawText());
        Assert.Equal("""{"null_count":1,"min":-3,"max":5,"mean":1}""", features.GetProperty("i").GetRawText());
        Assert.Equal("""{"null_count":2,"min":9,"max":9,"mean":9}""", features.GetProperty("l").GetRawText());
        Assert.Equal("""{"null_count":1,"min":0.5,"max":1.5,"mean":1}""", features.GetProperty("f").GetRawText());
        Assert.Equal("""{"null_count":1,"min":1.5,"max":2.5,"mean":2}""", features.GetProperty("d").GetRawText());
        Assert.Equal(("b", "ä"), (features.GetProperty("s").GetProperty("min").GetString(), features.GetProperty("s").GetProperty("max").GetString()));
        Assert.Equal("""{"null_count":1}""", partitions[1].GetProperty("features").GetProperty("s").GetRawText());
        Assert.Equal(1, JsonDocument.Parse(await app.Client.GetStringAsync("/api/feature-views/wide/partitions?from=2026-03-02")).RootElement.GetProperty("partitions").GetArrayLength());
        Assert.Equal(404, (int)(await app.Client.GetAsync("/api/feature-views/nope/partitions")).StatusCode);
    }
}
