using System.Text.Json;
using MlSystem.Samples.Clicks;

namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary>The click sample as its README walks through it: defined, pushed, read online, joined point in time, against the clicks themselves.</summary>
public sealed class ClicksSampleTests
{
    private static readonly DateTimeOffset End = new(2026, 2, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_generator_gives_the_same_clicks_for_the_same_seed()
    {
        Click[] Clicks(int seed) => [.. new ClickStream(seed, 50).Between(End.AddHours(-3), End)];
        Assert.Equal(Clicks(7), Clicks(7));
        Assert.NotEqual(Clicks(7), Clicks(8));
        Assert.All(Clicks(7), click => Assert.InRange(click.At, End.AddHours(-3), End));
    }

    [Fact]
    public async Task The_sample_runs_and_online_and_the_join_agree_with_the_clicks()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "samples", "clicks.yaml"), TestContext.Current.CancellationToken), "application/yaml");
        Click[] clicks = [.. new ClickStream(7, 40).Between(End.AddHours(-30), End)];
        foreach (var push in clicks.Chunk(500))
        {
            await app.PostOkAsync("/push", Pushes.Of(push));
        }

        string[] users = [.. clicks.Select(click => click.User).Distinct().Order(StringComparer.Ordinal)];
        var joined = await app.PostOkAsync("/api/historical-features", JsonSerializer.Serialize(new
        {
            feature_service = "shop_v1", entity_df = new { user_id = users, event_timestamp = users.Select(_ => FeatureStoreApp.Start) },
        }));
        await app.SettleAsync(TestContext.Current.CancellationToken);
        var online = await app.PostOkAsync("/get-online-features", JsonSerializer.Serialize(new { feature_service = "shop_v1", entities = new { user_id = users } }));
        var names = online.GetProperty("metadata").GetProperty("feature_names").EnumerateArray().Select(name => name.GetString()!).ToList();
        foreach (var feature in names.Where(name => name != "user_id"))
        {
            Assert.Equal(
                joined.GetProperty("columns").GetProperty(feature).EnumerateArray().Select(value => value.GetRawText()),
                online.GetProperty("results")[names.IndexOf(feature)].GetProperty("values").EnumerateArray().Select(value => value.GetRawText()));
        }

        AssertDay(clicks, users, [.. joined.GetProperty("columns").GetProperty("clicks_1d").EnumerateArray().Select(value => value.GetInt64())]);
        await AssertMomentsAsync(app, clicks);
    }

    /// <summary>As of the end: the clicks of 24 hours and at most one pane (24 minutes) more. Each partition's clock stands within some seconds of the end.</summary>
    private static void AssertDay(Click[] clicks, string[] users, long[] found)
    {
        for (var i = 0; i < users.Length; i++)
        {
            var own = clicks.Where(click => click.User == users[i]).ToArray();
            Assert.InRange(found[i], own.Count(click => click.At > End.AddHours(-24).AddMinutes(1)), own.Count(click => click.At > End.AddHours(-24).AddMinutes(-27)));
        }
    }

    /// <summary>As of a second after each of some clicks that came in time: at least the click itself is in the minute, and none that came later.</summary>
    private static async Task AssertMomentsAsync(FeatureStoreApp app, Click[] clicks)
    {
        Click[] some = [.. clicks.Where((_, i) => i % 40 == 20)];
        var joined = await app.PostOkAsync("/api/historical-features", JsonSerializer.Serialize(new
        {
            features = (string[])["user_activity:clicks_1m", "user_activity:clicks_1h"],
            entity_df = new { user_id = some.Select(click => click.User), event_timestamp = some.Select(click => click.At.AddSeconds(9)) },
        }));
        for (var i = 0; i < some.Length; i++)
        {
            var own = clicks.Where(click => click.User == some[i].User && click.At <= some[i].At.AddSeconds(9)).ToArray();
            Assert.InRange(joined.GetProperty("columns").GetProperty("clicks_1m")[i].GetInt64(), 1, own.Count(click => click.At > some[i].At.AddSeconds(-53)));
            Assert.InRange(joined.GetProperty("columns").GetProperty("clicks_1h")[i].GetInt64(), 1, own.Count(click => click.At > some[i].At.AddSeconds(-3660)));
        }
    }
}
