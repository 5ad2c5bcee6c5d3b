using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Reliability;

/// <summary><c>kill -9</c> between the acknowledgement of an erasure and its effect.</summary>
public sealed class KilledErasureTests
{
    private const int Days = 12;
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 5 : 50;

    [Fact]
    public async Task An_acknowledged_erasure_is_completed_after_kills_at_random_points_and_takes_nobody_else_along()
    {
        await using var store = await FeatureStoreProcess.StartAsync(("Features__OfflineCompactSeconds", "0.05"), ("Features__OfflineCompactFiles", "2"));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        foreach (var day in Enumerable.Range(1, Days))
        {
            await store.PostOkAsync("/push", Samples.Push("online_and_offline", [.. Enumerable.Range(1, Rounds + 1).Select(driver =>
                ((long)driver, string.Create(CultureInfo.InvariantCulture, $"2026-02-{day:00}T11:00:00Z"), "2026-03-01T00:00:00Z", day.ToString(CultureInfo.InvariantCulture), "0.5", "\"gold\""))]));
        }

        var random = new Random(23);
        for (var driver = 1; driver <= Rounds; driver++)
        {
            var (status, accepted) = await store.PostAsync("/api/erasures?wait_seconds=0", $$$"""{"entity":"driver","key":{"driver_id":{{{driver}}}}}""");
            Assert.True(status is 200 or 202, accepted.GetRawText());
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 400)), TimeProvider.System);
            await store.KillAsync();
            await store.StartAsync();
            var id = accepted.GetProperty("id").GetString();
            await Eventually.TrueAsync(
                async () => (await store.Client.GetFromJsonAsync<JsonElement>($"/api/erasures/{id}")).GetProperty("state").GetString() == "succeeded", TimeSpan.FromMinutes(3), "the erasure has succeeded");
            await AssertAsync(store, driver);
        }
    }

    private static async Task AssertAsync(FeatureStoreProcess store, int erased)
    {
        var drivers = Enumerable.Range(1, Rounds + 1).ToArray();
        var online = await store.PostUntilAvailableAsync("/get-online-features", $$$"""{"features":["hourly:trips"],"entities":{"driver_id":[{{{string.Join(',', drivers)}}}]}}""");
        Assert.Equal(drivers.Select(driver => driver <= erased ? "NOT_FOUND" : "OUTSIDE_MAX_AGE"), online.GetProperty("results")[1].GetProperty("statuses").EnumerateArray().Select(status => status.GetString()));
        var times = string.Join(',', drivers.Select(_ => "\"2026-02-12T11:05:00Z\""));
        var joined = await store.PostOkAsync("/api/historical-features", $$$"""{"features":["hourly:trips"],"entity_df":{"driver_id":[{{{string.Join(',', drivers)}}}],"event_timestamp":[{{{times}}}]}}""");
        Assert.Equal(drivers.Select(driver => driver <= erased ? (int?)null : Days), joined.GetProperty("columns").GetProperty("trips").Deserialize<int?[]>()!);
        var statistics = await store.Client.GetFromJsonAsync<JsonElement>("/api/feature-views/hourly/statistics");
        Assert.Equal((Rounds + 1 - erased) * Days, statistics.GetProperty("rows").GetInt32());
    }
}
