using System.Collections.Concurrent;
using System.Text.Json;

namespace MlSystem.FeatureStore.Tests.Reliability;

/// <summary><c>kill -9</c> of the service: what was acknowledged is there, once.</summary>
public sealed class KilledTests
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 5 : 50;

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
    public async Task Killed_at_random_points_under_pushes_nothing_acknowledged_is_lost_and_nothing_is_doubled_or_torn()
    {
        await using var store = await FeatureStoreProcess.StartAsync(("Features__OfflineLingerSeconds", "0.02"));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        var random = new Random(7);
        var acknowledged = new ConcurrentDictionary<long, bool>();
        var last = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            using var killed = new CancellationTokenSource();
            var pushers = Enumerable.Range(0, 4).Select(_ => PushUntilKilledAsync(store, () => Interlocked.Increment(ref last), acknowledged, killed.Token)).ToList();
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(5, 400)), TimeProvider.System);
            await killed.CancelAsync();
            await store.KillAsync();
            await Task.WhenAll(pushers);
            await store.StartAsync();
        }

        Assert.NotEmpty(acknowledged);
        foreach (var drivers in Enumerable.Range(1, (int)last).Select(driver => (long)driver).Chunk(500))
        {
            var ids = string.Join(',', drivers);
            var times = string.Join(',', drivers.Select(_ => "\"2026-03-01T11:00:00Z\""));
            var joined = await store.PostOkAsync("/api/historical-features", $$$"""{"features":["hourly:trips"],"entity_df":{"driver_id":[{{{ids}}}],"event_timestamp":[{{{times}}}]}}""");
            AssertRows(drivers, joined.GetProperty("columns").GetProperty("trips"), acknowledged);
            var read = await store.PostOkAsync("/get-online-features", $$$"""{"features":["hourly:trips"],"entities":{"driver_id":[{{{ids}}}]}}""");
            AssertRows(drivers, read.GetProperty("results")[1].GetProperty("values"), acknowledged);
        }
    }

    /// <summary>One row a driver: whole where it was acknowledged, whole or absent where it was not.</summary>
    private static void AssertRows(long[] drivers, JsonElement values, ConcurrentDictionary<long, bool> acknowledged)
    {
        Assert.Equal(drivers.Length, values.GetArrayLength());
        foreach (var (driver, value) in drivers.Zip(values.EnumerateArray()))
        {
            Assert.True(
                value.ValueKind == JsonValueKind.Null ? !acknowledged.ContainsKey(driver) : value.GetInt64() == driver,
                $"driver {driver}, acknowledged: {acknowledged.ContainsKey(driver)}: {value}");
        }
    }

    /// <summary>Goes on until the process does not answer any more; every third row is sent twice.</summary>
    private static async Task PushUntilKilledAsync(FeatureStoreProcess store, Func<long> next, ConcurrentDictionary<long, bool> acknowledged, CancellationToken killed)
    {
        try
        {
            while (true)
            {
                var driver = next();
                for (var times = driver % 3 == 0 ? 2 : 1; times > 0; times--)
                {
                    await store.PostOkAsync("/push", Samples.Push(driver, "2026-03-01T11:00:00Z", (int)driver));
                    acknowledged[driver] = true;
                }
            }
        }
        catch (HttpRequestException) when (killed.IsCancellationRequested)
        {
            // What was under way was not acknowledged.
        }
    }
}
