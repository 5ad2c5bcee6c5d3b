using System.Globalization;

namespace MlSystem.FeatureStore.Tests.Reliability;

/// <summary><c>kill -9</c> of the service: what was acknowledged is there, once.</summary>
public sealed class KilledTests
{
    [Fact]
    public async Task Rows_acknowledged_but_not_yet_in_Parquet_survive()
    {
        await using var store = await FeatureStoreProcess.StartAsync(("Features__OfflineLingerSeconds", "300"));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        await store.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", 41));
        await store.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", 42, created: "2026-03-01T12:00:01Z"));
        Assert.Empty(store.ParquetFiles);

        await store.KillAsync();
        await store.StartAsync();

        var read = await store.PostOkAsync("/get-online-features", Samples.ReadTrips);
        Assert.Equal("[42]", read.GetProperty("results")[1].GetProperty("values").GetRawText());
        var joined = await store.PostOkAsync("/api/historical-features", """{"features":["hourly:trips"],"entity_df":{"driver_id":[1],"event_timestamp":["2026-03-01T11:00:00Z"]}}""");
        Assert.Equal("[42]", joined.GetProperty("columns").GetProperty("trips").GetRawText());
    }

    [Fact]
    public async Task Killed_at_random_points_under_pushes_nothing_acknowledged_is_lost()
    {
        await using var store = await FeatureStoreProcess.StartAsync(("Features__OfflineLingerSeconds", "0.02"));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        var random = new Random(7);
        var acknowledged = new List<long>();
        var next = 0L;
        for (var round = 0; round < 2; round++)
        {
            var until = random.Next(15, 60);
            for (var i = 0; i < until; i++)
            {
                await store.PostOkAsync("/push", Samples.Push(++next, "2026-03-01T11:00:00Z", (int)next));
                acknowledged.Add(next);
            }

            var inFlight = store.PostAsync("/push", Samples.Push(++next, "2026-03-01T11:00:00Z", (int)next));
            await store.KillAsync();
            if (await WasAcknowledgedAsync(inFlight))
            {
                acknowledged.Add(next);
            }

            await store.StartAsync();
        }

        var drivers = string.Join(',', acknowledged);
        var times = string.Join(',', acknowledged.Select(_ => "\"2026-03-01T11:00:00Z\""));
        var expected = $"[{string.Join(',', acknowledged.Select(driver => driver.ToString(CultureInfo.InvariantCulture)))}]";
        var joined = await store.PostOkAsync("/api/historical-features", $$$"""{"features":["hourly:trips"],"entity_df":{"driver_id":[{{{drivers}}}],"event_timestamp":[{{{times}}}]}}""");
        Assert.Equal(expected, joined.GetProperty("columns").GetProperty("trips").GetRawText());
        var read = await store.PostOkAsync("/get-online-features", $$$"""{"features":["hourly:trips"],"entities":{"driver_id":[{{{drivers}}}]}}""");
        Assert.Equal(expected, read.GetProperty("results")[1].GetProperty("values").GetRawText());
    }

    private static async Task<bool> WasAcknowledgedAsync(Task<(int Status, System.Text.Json.JsonElement Body)> push)
    {
        try
        {
            return (await push).Status == 200;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
