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
        await AssertAllAsync(store, last, acknowledged);
    }

    [Fact]
    public async Task Killed_at_random_points_of_compaction_and_materialization_nothing_is_lost_or_doubled()
    {
        await using var store = await FeatureStoreProcess.StartAsync(
            ("Features__OfflineLingerSeconds", "0.02"), ("Features__OfflineCompactSeconds", "0.02"), ("Features__OfflineCompactFiles", "2"), ("Features__OfflineRetentionSeconds", "0"));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        var random = new Random(13);
        var acknowledged = new ConcurrentDictionary<long, bool>();
        var last = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            using var killed = new CancellationTokenSource();
            List<Task> work = [.. Enumerable.Range(0, 2).Select(_ => PushUntilKilledAsync(store, () => Interlocked.Increment(ref last), acknowledged, killed.Token, "offline"))];
            work.Add(UntilKilledAsync(() => store.PostUntilAvailableAsync("/materialize", """{"start_ts":"2026-01-01T00:00:00Z","end_ts":"2026-12-31T00:00:00Z","feature_views":["hourly"]}"""), killed.Token));
            work.Add(UntilKilledAsync(() => store.PostOkAsync("/api/feature-views/hourly/compact", ""), killed.Token));
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(200, 1500)), TimeProvider.System);
            await killed.CancelAsync();
            await store.KillAsync();
            await Task.WhenAll(work);
            await store.StartAsync();
        }

        Assert.NotEmpty(acknowledged);
        await store.PostUntilAvailableAsync("/materialize", """{"start_ts":"2026-01-01T00:00:00Z","end_ts":"2026-12-31T00:00:00Z"}""");
        var found = await AssertAllAsync(store, last, acknowledged);
        await store.PostOkAsync("/api/feature-views/hourly/compact", "");
        Assert.Equal(found, await AssertAllAsync(store, last, acknowledged));
        using var partitions = JsonDocument.Parse(await store.Client.GetStringAsync("/api/feature-views/hourly/partitions"));
        Assert.Equal(found, partitions.RootElement.GetProperty("partitions")[0].GetProperty("rows").GetInt64());
    }

    /// <returns>Drivers that have a row.</returns>
    private static async Task<long> AssertAllAsync(FeatureStoreProcess store, long last, ConcurrentDictionary<long, bool> acknowledged)
    {
        long found = 0;
        foreach (var drivers in Enumerable.Range(1, (int)last).Select(driver => (long)driver).Chunk(500))
        {
            var ids = string.Join(',', drivers);
            var times = string.Join(',', drivers.Select(_ => "\"2026-03-01T11:00:00Z\""));
            var joined = await store.PostOkAsync("/api/historical-features", $$$"""{"features":["hourly:trips"],"entity_df":{"driver_id":[{{{ids}}}],"event_timestamp":[{{{times}}}]}}""");
            AssertRows(drivers, joined.GetProperty("columns").GetProperty("trips"), acknowledged);
            found += joined.GetProperty("columns").GetProperty("trips").EnumerateArray().Count(value => value.ValueKind != JsonValueKind.Null);
            var read = await store.PostUntilAvailableAsync("/get-online-features", $$$"""{"features":["hourly:trips"],"entities":{"driver_id":[{{{ids}}}]}}""");
            AssertRows(drivers, read.GetProperty("results")[1].GetProperty("values"), acknowledged);
        }

        return found;
    }

    private static async Task UntilKilledAsync(Func<Task> call, CancellationToken killed)
    {
        try
        {
            while (true)
            {
                await call();
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException && killed.IsCancellationRequested)
        {
            // What was under way was not acknowledged.
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

    /// <summary>Every third row is sent twice, and online too: offline alone, its first copy would stay for a rebuild after a materialization between the two.</summary>
    private static Task PushUntilKilledAsync(
        FeatureStoreProcess store, Func<long> next, ConcurrentDictionary<long, bool> acknowledged, CancellationToken killed, string to = "online_and_offline") => UntilKilledAsync(
        async () =>
        {
            var driver = next();
            for (var times = driver % 3 == 0 ? 2 : 1; times > 0; times--)
            {
                await store.PostOkAsync("/push", Samples.Push(driver, "2026-03-01T11:00:00Z", (int)driver, to: driver % 3 == 0 ? "online_and_offline" : to));
                acknowledged[driver] = true;
            }
        },
        killed);
}
