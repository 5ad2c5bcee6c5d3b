using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Reliability;

/// <summary><c>kill -9</c> in the middle of an accepted materialization: it goes on behind its saved progress.</summary>
public sealed class KilledMaterializationTests
{
    private const int Days = 28;
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 5 : 50;

    [Fact]
    public async Task An_accepted_one_is_finished_after_kills_at_random_points_and_counts_no_partition_twice()
    {
        await using var store = await FeatureStoreProcess.StartAsync(("Features__MaterializePartRows", "1"));
        await store.PostOkAsync("/api/apply", Samples.Definitions);
        var rows = Enumerable.Range(1, Days).SelectMany(day => Enumerable.Range(1, 20).Select(driver =>
            ((long)driver, string.Create(CultureInfo.InvariantCulture, $"2026-02-{day:00}T11:00:00Z"), "2026-03-01T00:00:00Z", day.ToString(CultureInfo.InvariantCulture), "0.5", "\"gold\"")));
        await store.PostOkAsync("/push", Samples.Push("offline", [.. rows]));
        var random = new Random(17);
        for (var round = 0; round < Rounds; round++)
        {
            var (status, accepted) = await store.PostAsync("/api/materializations", """{"feature_views":["hourly"],"start":"2026-01-01T00:00:00Z"}""");
            Assert.Equal(202, status);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 250)), TimeProvider.System);
            await store.KillAsync();
            await store.StartAsync();
            var view = (await FinishedAsync(store, accepted.GetProperty("id").GetString()!)).GetProperty("views")[0];
            Assert.Equal((Days, Days), (view.GetProperty("partitions").GetInt32(), view.GetProperty("partitions_done").GetInt32()));
            Assert.Equal((Days * 20, Days * 20, Days * 20), (view.GetProperty("rows").GetInt32(), view.GetProperty("rows_read").GetInt32(), view.GetProperty("entities").GetInt32()));
        }

        var read = await store.PostUntilAvailableAsync("/get-online-features", $$$"""{"features":["hourly:trips"],"entities":{"driver_id":[{{{string.Join(',', Enumerable.Range(1, 20))}}}]}}""");
        Assert.All(read.GetProperty("results")[1].GetProperty("values").EnumerateArray(), value => Assert.Equal(Days, value.GetInt32()));
    }

    private static async Task<JsonElement> FinishedAsync(FeatureStoreProcess store, string id)
    {
        JsonElement job = default;
        await Eventually.TrueAsync(
            async () =>
            {
                job = await store.Client.GetFromJsonAsync<JsonElement>($"/api/materializations/{id}");
                return job.GetProperty("state").GetString() == "succeeded";
            },
            TimeSpan.FromMinutes(3), "the materialization has succeeded");
        return job;
    }
}
