using System.Diagnostics;
using MlSystem.Testing;
using StackExchange.Redis;

namespace MlSystem.FeatureStore.Tests.Reliability;

/// <summary>A real Redis that forgets or dies: reads are right or refused, never wrong, and everything comes back by itself.</summary>
public sealed class LostOnlineStoreTests : IAsyncLifetime
{
    private RedisServer? _redis;

    public async ValueTask InitializeAsync() => _redis = RedisServer.Missing is null ? await RedisServer.StartAsync() : null;

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task After_a_flush_everything_is_rebuilt_and_no_read_in_between_is_wrong()
    {
        Assert.SkipWhen(RedisServer.Missing is not null, RedisServer.Missing ?? "");
        await using var store = await FeatureStoreProcess.StartAsync(("ConnectionStrings__cache", _redis!.ConnectionString));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        await store.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", 1, to: "online"));
        await store.PostOkAsync("/push", Samples.Push(2, "2026-03-01T11:00:00Z", 2, to: "offline"));
        await store.PostOkAsync("/push", Samples.Push(3, "2026-03-01T11:00:00Z", 3));
        await store.PostOkAsync("/materialize", """{"start_ts":"2026-01-01T00:00:00Z","end_ts":"2026-12-31T00:00:00Z"}""");
        await store.PostOkAsync("/push", Samples.Push(4, "2026-03-01T11:00:00Z", 4, to: "offline"));
        using var connection = await ConnectionMultiplexer.ConnectAsync(_redis.ConnectionString + ",allowAdmin=true");

        await connection.GetServers()[0].FlushAllDatabasesAsync();

        var read = await store.PostUntilAvailableAsync("/get-online-features", """{"features":["hourly:trips"],"entities":{"driver_id":[1,2,3,4]}}""");
        Assert.Equal("[1,2,3,null]", read.GetProperty("results")[1].GetProperty("values").GetRawText());
    }

    [Fact]
    public async Task While_it_is_dead_the_answer_is_503_within_the_deadline_and_what_was_pushed_arrives_later()
    {
        Assert.SkipWhen(RedisServer.Missing is not null, RedisServer.Missing ?? "");
        await using var store = await FeatureStoreProcess.StartAsync(("ConnectionStrings__cache", _redis!.ConnectionString));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        await store.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", 1));
        await _redis.KillAsync();

        var watch = Stopwatch.StartNew();
        var (status, body) = await store.PostAsync("/get-online-features", Samples.ReadTrips);
        Assert.Equal(503, status);
        Assert.Contains("online store", body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(503, (await store.PostAsync("/push", Samples.Push(1, "2026-03-01T11:30:00Z", 2))).Status);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);

        // The checks behind /health are asked once a second at most.
        await Eventually.TrueAsync(
            async () =>
            {
                using var health = await store.Client.GetAsync("/health");
                Assert.Equal(200, (int)health.StatusCode);
                return (await health.Content.ReadAsStringAsync()).Contains("degraded", StringComparison.Ordinal);
            },
            TimeSpan.FromSeconds(60), "/health says degraded");
        await store.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:40:00Z", 3, to: "offline"));

        await _redis.StartServerAsync();

        var read = await store.PostUntilAvailableAsync("/get-online-features", Samples.ReadTrips);
        Assert.Equal("[2]", read.GetProperty("results")[1].GetProperty("values").GetRawText());
    }
}
