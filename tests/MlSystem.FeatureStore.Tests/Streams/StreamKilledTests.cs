using System.Collections.Concurrent;
using System.Text.Json;
using MlSystem.FeatureStore.Tests.Reliability;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary><c>kill -9</c> while aggregates are computed: every acknowledged event counts once, and the join still returns what online showed.</summary>
public sealed class StreamKilledTests
{
    private const string Aggregations = """{ "function": "count", "windows": [{ "size_seconds": 31622400 }] }, { "column": "amount", "function": "sum", "windows": [{ "size_seconds": 31622400 }] }, { "column": "amount", "function": "max", "windows": [{ "size_seconds": 31622400 }] }""";
    private const int Users = 12;
    private static readonly string[] Features = ["count_366d", "amount_sum_366d", "amount_max_366d"];
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 5 : 40;

    [Fact]
    public async Task Killed_at_random_points_every_acknowledged_event_counts_once()
    {
        await using var store = await FeatureStoreProcess.StartAsync(
            ("Features__OfflineLingerSeconds", "0.05"), ("Features__OfflineBarrierSeconds", "120"), ("Features__Streams__SnapshotSeconds", "0.2"), ("Features__Streams__BatchEvents", "40"));
        await store.PostOkAsync("/api/apply", StreamSamples.Definitions(Aggregations));
        var random = new Random(11);
        List<Click> there = [];
        for (var round = 0; round < Rounds; round++)
        {
            var (acknowledged, unknown) = await PushUntilKilledAsync(store, random);
            Assert.NotEmpty(acknowledged);
            await store.StartAsync();

            // The join waits until all that the log has is in the aggregates.
            var joined = await AsOfNowAsync(store);
            there.AddRange(acknowledged);
            var some = Subsets(unknown).FirstOrDefault(taken => joined.SequenceEqual(Expected([.. there, .. taken])));
            Assert.True(some is not null, $"Round {round}: {string.Join(", ", joined)} is not {string.Join(", ", Expected(there))} with some of {unknown.Count} pushes that were cut off.");
            there.AddRange(some);
            var shown = Array.Empty<string>();
            await Eventually.TrueAsync(async () => (shown = await OnlineAsync(store)).SequenceEqual(joined), TimeSpan.FromSeconds(60), "online shows what the join returns");
        }
    }

    private static async Task<(IReadOnlyCollection<Click> Acknowledged, IReadOnlyList<Click[]> Unknown)> PushUntilKilledAsync(FeatureStoreProcess store, Random random)
    {
        using var killed = new CancellationTokenSource();
        var (acknowledged, unknown) = (new ConcurrentBag<Click>(), new ConcurrentBag<Click[]>());
        var pushers = Enumerable.Range(0, 3).Select(_ => new Random(random.Next())).Select(own => PushAsync(store, own, acknowledged, unknown, killed.Token)).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(!acknowledged.IsEmpty), TimeSpan.FromSeconds(60), "a push is acknowledged");
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 900)), TimeProvider.System);
        await killed.CancelAsync();
        await store.KillAsync();
        await Task.WhenAll(pushers);
        return (acknowledged, [.. unknown]);
    }

    private static async Task PushAsync(FeatureStoreProcess store, Random random, ConcurrentBag<Click> acknowledged, ConcurrentBag<Click[]> unknown, CancellationToken killed)
    {
        while (!killed.IsCancellationRequested)
        {
            Click[] clicks = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => new Click(random.Next(Users), random.NextInt64(1, 1L << 40)))];
            try
            {
                await store.PostOkAsync("/push", StreamSamples.Push(clicks.Select(click => ($"u{click.User}", TimeProvider.System.GetUtcNow(), (long?)click.Amount, (string?)"x"))));
                Array.ForEach(clicks, acknowledged.Add);
            }
            catch (HttpRequestException) when (killed.IsCancellationRequested)
            {
                // One append is there as a whole or not at all.
                unknown.Add(clicks);
            }
        }
    }

    private static async Task<string[]> AsOfNowAsync(FeatureStoreProcess store)
    {
        var joined = await store.PostUntilAvailableAsync("/api/historical-features", JsonSerializer.Serialize(new
        {
            features = Features.Select(feature => $"activity:{feature}"),
            entity_df = new { user_id = Names, event_timestamp = Enumerable.Repeat(TimeProvider.System.GetUtcNow().AddHours(1), Users) },
        }));
        return [.. Enumerable.Range(0, Users).Select(user => string.Join(' ', Features.Select(feature => joined.GetProperty("columns").GetProperty(feature)[user].GetRawText())))];
    }

    private static async Task<string[]> OnlineAsync(FeatureStoreProcess store)
    {
        var read = await store.PostUntilAvailableAsync("/get-online-features", JsonSerializer.Serialize(new { features = Features.Select(feature => $"activity:{feature}"), entities = new { user_id = Names } }));
        var names = read.GetProperty("metadata").GetProperty("feature_names").EnumerateArray().Select(name => name.GetString()).ToList();
        return [.. Enumerable.Range(0, Users).Select(user => string.Join(' ', Features.Select(feature => read.GetProperty("results")[names.IndexOf(feature)].GetProperty("values")[user].GetRawText())))];
    }

    private static string[] Names => [.. Enumerable.Range(0, Users).Select(user => $"u{user}")];

    private static string[] Expected(IReadOnlyList<Click> clicks) => [.. Enumerable.Range(0, Users).Select(user => clicks.Where(click => click.User == user).Select(click => click.Amount).ToArray())
        .Select(amounts => amounts.Length == 0 ? "null null null" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{amounts.Length} {amounts.Sum()} {amounts.Max()}"))];

    private static IEnumerable<IReadOnlyList<Click>> Subsets(IReadOnlyList<Click[]> pushes) =>
        Enumerable.Range(0, 1 << pushes.Count).Select(taken => (IReadOnlyList<Click>)[.. pushes.Where((_, i) => (taken & (1 << i)) != 0).SelectMany(push => push)]);

    private sealed record Click(int User, long Amount);
}
