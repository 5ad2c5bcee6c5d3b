using System.Collections.Concurrent;
using System.Globalization;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Reliability;

/// <summary>A real Redis that is killed and comes back under reads and writes: refused in time, never wrong, nothing acknowledged lost.</summary>
public sealed class RedisOutageTests
{
    private const int Drivers = 16;
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 3 : 30;

    /// <summary>Per driver the newest trips that were acknowledged, and the newest that were sent.</summary>
    private readonly ConcurrentDictionary<int, int> _acknowledged = new();
    private readonly ConcurrentDictionary<int, int> _sent = new();
    private readonly ConcurrentBag<string> _wrong = [];
    private int _reads;
    private int _refused;

    [Fact]
    public async Task Reads_are_right_or_refused_and_everything_acknowledged_is_there_afterwards()
    {
        Assert.SkipWhen(RedisServer.Missing is not null, RedisServer.Missing ?? "");
        await using var redis = await RedisServer.StartAsync();
        await using var store = await FeatureStoreProcess.StartAsync(("ConnectionStrings__cache", redis.ConnectionString), ("Features__OfflineLingerSeconds", "0.05"));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        using var stop = new CancellationTokenSource();
        List<Task> work = [.. Enumerable.Range(0, 2).Select(writer => WriteAsync(store, writer, stop.Token)), .. Enumerable.Range(0, 2).Select(_ => ReadAsync(store, stop.Token))];
        for (var round = 0; round < Rounds; round++)
        {
            await UntilAsync(() => _reads, 20, "reads go on");
            var refused = _refused;
            await redis.KillAsync();
            await Eventually.TrueAsync(() => Task.FromResult(_refused > refused), TimeSpan.FromMinutes(2), "a read is refused");
            await redis.StartServerAsync();
        }

        await UntilAsync(() => _reads, 20, "reads go on");
        await stop.CancelAsync();
        await Task.WhenAll(work);

        Assert.Empty(_wrong);
        foreach (var (driver, trips) in _acknowledged)
        {
            Assert.InRange(await TripsAsync(store, driver), trips, _sent[driver]);
        }
    }

    private static Task UntilAsync(Func<int> count, int more, string what)
    {
        var goal = count() + more;
        return Eventually.TrueAsync(() => Task.FromResult(count() >= goal), TimeSpan.FromMinutes(3), what);
    }

    private async Task WriteAsync(FeatureStoreProcess store, int writer, CancellationToken stop)
    {
        for (var trips = 1; !stop.IsCancellationRequested; trips++)
        {
            var driver = (trips * 2 % Drivers) + writer;
            _sent[driver] = trips;
            var time = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(trips).ToString("O", CultureInfo.InvariantCulture);
            var (status, body) = await store.PostAsync("/push", Samples.Push(driver, time, trips));
            if (status == 200)
            {
                _acknowledged[driver] = trips;
            }
            else if (status != 503)
            {
                _wrong.Add($"push answered {status}: {body}");
            }
        }
    }

    /// <summary>A read never gives less than what was acknowledged before it began, nor more than was sent.</summary>
    private async Task ReadAsync(FeatureStoreProcess store, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var driver = i % Drivers;
            var least = _acknowledged.GetValueOrDefault(driver);
            var (status, body) = await store.PostAsync("/get-online-features", $$"""{"features":["hourly:trips"],"entities":{"driver_id":[{{driver}}]} }""");
            if (status == 200)
            {
                var value = body.GetProperty("results")[1].GetProperty("values")[0];
                var trips = value.ValueKind == System.Text.Json.JsonValueKind.Null ? 0 : value.GetInt32();
                if (trips < least || trips > _sent.GetValueOrDefault(driver))
                {
                    _wrong.Add($"driver {driver} has {trips}, acknowledged were {least}, sent {_sent.GetValueOrDefault(driver)}");
                }

                Interlocked.Increment(ref _reads);
            }
            else if (status == 503 && body.GetProperty("detail").GetString()!.Contains("online store", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _refused);
            }
            else
            {
                _wrong.Add($"read answered {status}: {body}");
            }
        }
    }

    private static async Task<int> TripsAsync(FeatureStoreProcess store, int driver)
    {
        var body = await store.PostUntilAvailableAsync("/get-online-features", $$"""{"features":["hourly:trips"],"entities":{"driver_id":[{{driver}}]} }""");
        return body.GetProperty("results")[1].GetProperty("values")[0].GetInt32();
    }
}
