namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary>What online served at a moment is what the point-in-time join returns as of that moment, whenever it is asked.</summary>
public sealed class ServedIsJoinedTests
{
    private static readonly string[] Users = ["ann", "bob", "cyd", "dan"];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 3 : 60)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task The_join_returns_what_online_served_at_random_moments_of_a_live_stream_with_disorder_and_late_events(int seed)
    {
        var random = new Random(seed);
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", StreamSamples.Definitions(StreamSamples.AllFunctions));
        await app.SettleAsync(TestContext.Current.CancellationToken);

        // One fresh event tells that the stream is live.
        await app.PostOkAsync("/push", StreamSamples.Push(("first", app.Time.GetUtcNow(), 1, null)));
        await app.SettleAsync(TestContext.Current.CancellationToken);
        var served = new List<(string User, DateTimeOffset At, string Values)>();
        for (var round = 0; round < 40; round++)
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(random.Next(5) == 0 ? random.Next(1, 90_000) : random.Next(1, 4_000)));
            if (random.Next(6) > 0)
            {
                await app.PostOkAsync("/push", StreamSamples.Push(Enumerable.Range(0, random.Next(1, 6)).Select(_ => Click(random, app.Time.GetUtcNow()))));
            }

            await app.SettleAsync(TestContext.Current.CancellationToken);
            var at = app.Time.GetUtcNow();
            served.AddRange(Users.Zip(await app.OnlineAsync(Users), (user, values) => (user, at, values)));
            app.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        var joined = await app.AsOfAsync([.. served.Select(read => (read.User, read.At))]);
        Assert.Equal(served.Select(read => $"{read.User} {read.At:O} {read.Values}"), served.Zip(joined, (read, values) => $"{read.User} {read.At:O} {values}"));
        Assert.True(served.Select(read => read.Values).Distinct(StringComparer.Ordinal).Count() > 40, "The moments differ.");
    }

    [Fact]
    public async Task So_it_is_for_events_of_the_past_on_the_clock_that_they_drive()
    {
        var random = new Random(5);
        await using var app = await FeatureStoreApp.StartAsync(("Features:Streams:HistoryStepSeconds", "0"));
        await app.PostOkAsync("/api/apply", StreamSamples.Definitions(StreamSamples.AllFunctions));
        var (clock, served) = (FeatureStoreApp.Start.AddDays(-20), new List<(string User, DateTimeOffset At, string Values)>());
        for (var round = 0; round < 40; round++)
        {
            clock += TimeSpan.FromMilliseconds(random.Next(1, 30_000));
            await app.PostOkAsync("/push", StreamSamples.Push([("ann", clock, 1, null), .. Enumerable.Range(0, random.Next(4)).Select(_ => Click(random, clock) with { User = "ann" })]));
            await app.SettleAsync(TestContext.Current.CancellationToken);
            served.Add(("ann", clock, (await app.OnlineAsync("ann"))[0]));
        }

        var joined = await app.AsOfAsync([.. served.Select(read => (read.User, read.At))]);
        Assert.Equal(served.Select(read => $"{read.User} {read.At:O} {read.Values}"), served.Zip(joined, (read, values) => $"{read.User} {read.At:O} {values}"));
    }

    /// <summary>A third is out of order, some beyond the allowed lateness.</summary>
    private static (string User, DateTimeOffset At, long? Amount, string? Item) Click(Random random, DateTimeOffset now) => (
        Users[random.Next(Users.Length)], random.Next(3) == 0 ? now - TimeSpan.FromMilliseconds(random.Next(60_000)) : now,
        random.Next(5) == 0 ? null : random.Next(1, 1000), random.Next(5) == 0 ? null : $"item {random.Next(20)}");
}
