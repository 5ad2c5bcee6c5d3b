using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Online;

/// <summary>What the online store guarantees, over every server that it runs on.</summary>
public abstract class OnlineStoreContract
{
    /// <summary>Event times of any future are taken.</summary>
    protected static (string, string?) AnyTime { get; } = ("Features:MaxFutureSeconds", "315576000000");

    protected abstract Task<FeatureStoreApp> StartAsync();

    [Fact]
    public async Task Older_and_repeated_rows_never_overwrite_newer_ones_in_any_order()
    {
        await using var app = await StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var rows = Enumerable.Range(0, 300).Select(i => (
            Event: FeatureStoreApp.Start.AddSeconds(-(i / 3)).ToString("yyyy-MM-ddTHH:mm:ssZ", null),
            Created: FeatureStoreApp.Start.AddSeconds(i % 3).ToString("yyyy-MM-ddTHH:mm:ssZ", null),
            Trips: i)).ToArray();

        // The newest is event second 0 with created second 2: trips 2.
        new Random(42).Shuffle(rows);
        foreach (var batch in rows.Concat(rows[..50]).Chunk(70))
        {
            await app.PostOkAsync("/push", Samples.Push("online", [.. batch.Select(row => (1L, row.Event, row.Created, $"{row.Trips}", "null", "null"))]));
        }

        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T12:00:00Z", 99, created: "2026-03-01T12:00:01Z", to: "online"));
        Assert.Equal("[2]", (await app.PostOkAsync("/get-online-features", Samples.ReadTrips)).GetProperty("results")[1].GetProperty("values").GetRawText());
    }

    [Fact]
    public async Task Concurrent_writers_of_one_entity_leave_the_newest()
    {
        await using var app = await StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await Parallel.ForEachAsync(Enumerable.Range(0, 100), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
            await app.PostOkAsync("/push", Samples.Push(1, FeatureStoreApp.Start.AddSeconds(-(i * 37 % 100)).ToString("O"), i * 37 % 100, to: "online")));

        Assert.Equal("[0]", (await app.PostOkAsync("/get-online-features", Samples.ReadTrips)).GetProperty("results")[1].GetProperty("values").GetRawText());
    }

    [Fact]
    public async Task Rows_leave_and_come_back_as_their_view_says()
    {
        await using var app = await StartAsync();
        var definitions = Samples.Definitions.Replace("""{ "name": "stats", "features": [{ "view": "hourly", "features": ["rate", "trips"] }, { "view": "wide", "features": ["s"] }] }""", "", StringComparison.Ordinal);
        var keep = definitions.Replace("\"ttl_seconds\": 600,", "\"ttl_seconds\": 600, \"expired\": { \"keep_seconds\": 60 },", StringComparison.Ordinal);
        await app.PostOkAsync("/api/apply", keep);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", 1));
        await app.PostOkAsync("/push", Samples.Push(2, "2026-03-01T12:00:00Z", 2));
        await AssertEventuallyAsync(app, "[null,2]");

        await app.PostOkAsync("/api/apply", keep.Replace("60 }", "86400 }", StringComparison.Ordinal));
        await AssertEventuallyAsync(app, "[1,2]");

        await app.PostOkAsync("/api/apply", """{"delete":{"feature_views":["hourly"]}}""");
        app.Time.Advance(TimeSpan.FromSeconds(20));
        await app.PostOkAsync("/api/apply", definitions);
        await AssertEventuallyAsync(app, "[1,2]");
    }

    /// <summary>The clock goes on, so that the store is swept.</summary>
    private static Task AssertEventuallyAsync(FeatureStoreApp app, string values) => MlSystem.Testing.Eventually.TrueAsync(
        async () =>
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(200));
            var read = await app.PostOkAsync("/get-online-features", """{"features":["hourly:trips"],"entities":{"driver_id":[1,2]}}""");
            return read.GetProperty("results")[1].GetProperty("values").GetRawText() == values;
        },
        TimeSpan.FromMinutes(2), values);

    [Fact]
    public async Task Times_before_1970_and_far_ahead_keep_their_order()
    {
        await using var app = await StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        string[] times = ["0001-01-02T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "9998-01-01T00:00:00Z", "1960-01-01T00:00:00Z"];
        foreach (var (index, time) in times.Index())
        {
            await app.PostOkAsync("/push", Samples.Push(1, time, index, to: "online"));
        }

        Assert.Equal("[3]", (await app.PostOkAsync("/get-online-features", Samples.ReadTrips)).GetProperty("results")[1].GetProperty("values").GetRawText());
    }
}

public sealed class GarnetOnlineStoreTests : OnlineStoreContract
{
    protected override Task<FeatureStoreApp> StartAsync() => FeatureStoreApp.StartAsync(AnyTime);
}

public sealed class RedisOnlineStoreTests : OnlineStoreContract, IAsyncLifetime
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

    protected override Task<FeatureStoreApp> StartAsync()
    {
        Assert.SkipWhen(RedisServer.Missing is not null, RedisServer.Missing ?? "");
        return FeatureStoreApp.StartAsync(("ConnectionStrings:cache", _redis!.ConnectionString), AnyTime);
    }
}
