using MlSystem.Testing;
using StackExchange.Redis;

namespace MlSystem.FeatureStore.Tests.Online;

/// <summary>What leaves the online store, and what must not, on a real Redis.</summary>
public sealed class RetentionTests : IAsyncLifetime
{
    private RedisServer? _redis;
    private ConnectionMultiplexer? _connection;

    public async ValueTask InitializeAsync()
    {
        if (RedisServer.Missing is null)
        {
            _redis = await RedisServer.StartAsync();
            _connection = await ConnectionMultiplexer.ConnectAsync(_redis.ConnectionString);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null)
        {
            await _connection!.DisposeAsync();
            await _redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_row_leaves_when_its_expired_values_have_been_kept_long_enough_and_not_before()
    {
        await using var app = await StartAsync(View("ttl_seconds: 600, expired: { keep_seconds: 3600 }"));
        await PushAsync(app, (1, "2026-03-01T12:00:00Z", 1), (2, "2026-03-01T11:00:00.5Z", 2), (3, "2026-03-01T10:50:00Z", 3), (4, "2026-03-01T13:00:00Z", 4));

        // Event time + 600 s + 3600 s, as seen from 12:00.
        await AssertStaysAsync(1, TimeSpan.FromSeconds(4200));
        await AssertStaysAsync(2, TimeSpan.FromSeconds(600.5));
        await AssertStaysAsync(4, TimeSpan.FromSeconds(7800));
        Assert.Equal("[1,2,null,4]", await ReadAsync(app, "[1,2,3,4]"));

        // A newer row takes its own end along, an older one changes nothing.
        await PushAsync(app, (1, "2026-03-01T12:10:00Z", 11), (2, "2026-03-01T10:55:00Z", 0));
        await AssertStaysAsync(1, TimeSpan.FromSeconds(4800));
        await AssertStaysAsync(2, TimeSpan.FromSeconds(600.5));
    }

    [Fact]
    public async Task Rows_that_never_expire_stay()
    {
        await using var app = await StartAsync(View("ttl_seconds: 0"));
        await PushAsync(app, (1, "1999-01-01T00:00:00Z", 1));

        Assert.Null(await StaysAsync(1));
    }

    [Fact]
    public async Task A_longer_life_brings_rows_back_that_had_left_and_a_shorter_one_lets_rows_go()
    {
        await using var app = await StartAsync(View("ttl_seconds: 600, expired: { keep_seconds: 600 }"));
        await PushAsync(app, (1, "2026-03-01T12:00:00Z", 1), (2, "2026-03-01T11:30:00Z", 2));
        await SweepAsync(app, async () => (await _connection!.GetDatabase().HashGetAsync("fs::views", "v")).HasValue);
        Assert.Equal("[1,null]", await ReadAsync(app, "[1,2]"));

        await app.PostOkAsync("/api/apply", View("ttl_seconds: 600, expired: { keep_seconds: 7200 }"), "application/yaml");
        await SweepAsync(app, async () => await ReadAsync(app, "[1,2]") == "[1,2]");
        await AssertStaysAsync(1, TimeSpan.FromSeconds(7800));
        await AssertStaysAsync(2, TimeSpan.FromSeconds(6000));

        await app.PostOkAsync("/api/apply", View("ttl_seconds: 600, expired: { keep_seconds: 900 }"), "application/yaml");
        await SweepAsync(app, async () => await StaysAsync(1) < TimeSpan.FromSeconds(1501));
        Assert.Equal("[1,null]", await ReadAsync(app, "[1,2]"));

        await app.PostOkAsync("/api/apply", View("ttl_seconds: 0"), "application/yaml");
        await SweepAsync(app, async () => await ReadAsync(app, "[1,2]") == "[1,2]" && await StaysAsync(1) is null);
    }

    [Fact]
    public async Task A_deleted_view_leaves_and_comes_back_when_it_is_defined_again()
    {
        await using var app = await StartAsync(View("ttl_seconds: 0") + "\n  - { name: other, entities: [driver], source: s, features: [{ name: trips, datatype: INT32 }] }");
        await PushAsync(app, [.. Enumerable.Range(1, 300).Select(driver => ((long)driver, "2026-03-01T11:00:00Z", driver))]);
        Assert.Equal(300, await CountAsync("v"));

        await app.PostOkAsync("/api/apply", "delete: { feature_views: [v] }", "application/yaml");
        await SweepAsync(app, async () => await CountAsync("v") == 0);
        Assert.Equal(300, await CountAsync("other"));

        await app.PostOkAsync("/api/apply", View("ttl_seconds: 0"), "application/yaml");
        await SweepAsync(app, async () => await CountAsync("v") == 300);
        Assert.Equal("[1,300]", await ReadAsync(app, "[1,300]"));
    }

    [Fact]
    public async Task A_view_that_is_not_online_any_more_leaves()
    {
        await using var app = await StartAsync(View("ttl_seconds: 0"));
        await PushAsync(app, (1, "2026-03-01T11:00:00Z", 1));

        await app.PostOkAsync("/api/apply", View("online: false"), "application/yaml");

        await SweepAsync(app, async () => await CountAsync("v") == 0);
        await SweepAsync(app, async () => (await _connection!.GetDatabase().HashGetAsync("fs::views", "v")).StartsWith("gone"));
    }

    private static string View(string members) => $$"""
        entities: [{ name: driver, join_keys: [{ name: driver_id, datatype: INT64 }] }]
        sources: [{ name: s, kind: push }]
        feature_views:
          - { name: v, entities: [driver], source: s, features: [{ name: trips, datatype: INT32 }], {{members}} }
        """;

    private async Task<FeatureStoreApp> StartAsync(string definitions)
    {
        Assert.SkipWhen(RedisServer.Missing is not null, RedisServer.Missing ?? "");
        var app = await FeatureStoreApp.StartAsync(("ConnectionStrings:cache", _redis!.ConnectionString), ("Features:OnlineSweepSeconds", "0.05"));
        await app.PostOkAsync("/api/apply", definitions, "application/yaml");
        return app;
    }

    private static Task PushAsync(FeatureStoreApp app, params (long Driver, string Event, int Trips)[] rows) => app.PostOkAsync("/push", $$"""
        {"push_source_name":"s","to":"online_and_offline","df":{"driver_id":[{{string.Join(',', rows.Select(row => row.Driver))}}],
         "event_timestamp":[{{string.Join(',', rows.Select(row => $"\"{row.Event}\""))}}],"trips":[{{string.Join(',', rows.Select(row => row.Trips))}}] } }
        """);

    private static async Task<string> ReadAsync(FeatureStoreApp app, string drivers) =>
        (await app.PostOkAsync("/get-online-features", $$"""{"features":["v:trips"],"entities":{"driver_id":{{drivers}} } }""")).GetProperty("results")[1].GetProperty("values").GetRawText();

    /// <summary>The clock goes on by little, so that the sweeper gets its turn and no end is missed.</summary>
    private static Task SweepAsync(FeatureStoreApp app, Func<Task<bool>> done) => Eventually.TrueAsync(
        () =>
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(50));
            return done();
        },
        TimeSpan.FromMinutes(2), "the sweep");

    private async Task<TimeSpan?> StaysAsync(long driver) => await _connection!.GetDatabase().KeyTimeToLiveAsync($"fs:v:{driver}");

    private async Task AssertStaysAsync(long driver, TimeSpan stays)
    {
        var left = await StaysAsync(driver);
        Assert.NotNull(left);
        Assert.InRange(left.Value, stays - TimeSpan.FromSeconds(90), stays + TimeSpan.FromMilliseconds(1));
    }

    private async Task<int> CountAsync(string view)
    {
        var count = 0;
        await foreach (var key in _connection!.GetServers()[0].KeysAsync(pattern: $"fs:{view}:*"))
        {
            Assert.False(key.ToString().Length == 0);
            count++;
        }

        return count;
    }
}
