using MlSystem.Testing;
using StackExchange.Redis;

namespace MlSystem.FeatureStore.Tests.Reliability;

public sealed class CatchUpTests
{
    /// <summary>An online store that kept its data needs only the newest files: one that nobody needs may be unreadable.</summary>
    [Fact]
    public async Task A_restart_opens_only_files_with_rows_that_the_online_store_may_lack()
    {
        Assert.SkipWhen(RedisServer.Missing is not null, RedisServer.Missing ?? "");
        await using var redis = await RedisServer.StartAsync();
        await using var store = await FeatureStoreProcess.StartAsync(("ConnectionStrings__cache", redis.ConnectionString), ("Features__CatchUpMarginSeconds", "0"));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        await store.PostOkAsync("/push", Samples.Push(1, "2026-02-01T11:00:00Z", 1));
        await store.PostOkAsync("/api/historical-features", """{"features":["hourly:trips"],"entity_df":{"driver_id":[1],"event_timestamp":["2026-03-01T11:00:00Z"]}}""");
        var old = Assert.Single(store.ParquetFiles);

        // Rows keep coming until the online store's mark, written about once a second while they do, is behind the old file.
        var written = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        var trips = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                trips++;
                await store.PostOkAsync("/push", Samples.Push(2, $"2026-03-01T11:{trips / 60:00}:{trips % 60:00}Z", trips));
                return (long)await connection.GetDatabase().StringGetAsync("fs::applied_until_us") > written;
            },
            TimeSpan.FromMinutes(2), "the mark is behind the old file");

        await store.KillAsync();
        await File.WriteAllTextAsync(old, "no Parquet");
        await store.StartAsync();

        var read = await store.PostUntilAvailableAsync("/get-online-features", """{"features":["hourly:trips"],"entities":{"driver_id":[1,2]}}""");
        Assert.Equal($"[1,{trips}]", read.GetProperty("results")[1].GetProperty("values").GetRawText());
    }
}
