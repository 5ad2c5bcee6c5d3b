namespace MlSystem.FeatureStore.Tests.Materialization;

public sealed class MaterializeTests
{
    [Fact]
    public async Task The_newest_row_in_the_range_goes_online_and_incremental_continues()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        foreach (var minute in new[] { 51, 53, 55, 57 })
        {
            await app.PostOkAsync("/push", Samples.Push(1, $"2026-03-01T11:{minute}:00Z", minute, to: "offline"));
        }

        Assert.Equal("[null]", await TripsAsync(app));
        await app.PostOkAsync("/materialize", """{"start_ts":"2026-03-01T11:51:00","end_ts":"2026-03-01T11:53:00","feature_views":["hourly"]}""");
        Assert.Equal("[53]", await TripsAsync(app));
        await app.PostOkAsync("/materialize-incremental", """{"end_ts":"2026-03-01T11:56:00"}""");
        Assert.Equal("[55]", await TripsAsync(app));
        await app.PostOkAsync("/materialize", """{"start_ts":"2026-03-01T11:50:00","end_ts":"2026-03-01T11:52:00"}""");
        Assert.Equal("[55]", await TripsAsync(app));

        Assert.Equal(404, (await app.PostAsync("/materialize-incremental", """{"end_ts":"2026-03-01T11:56:00","feature_views":["nope"]}""")).Status);
        Assert.Equal(422, (await app.PostAsync("/materialize", """{"end_ts":"whenever"}""")).Status);
    }

    private static async Task<string> TripsAsync(FeatureStoreApp app) =>
        (await app.PostOkAsync("/get-online-features", Samples.ReadTrips)).GetProperty("results")[1].GetProperty("values").GetRawText();
}
