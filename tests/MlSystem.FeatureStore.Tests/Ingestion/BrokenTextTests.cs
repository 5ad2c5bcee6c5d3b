namespace MlSystem.FeatureStore.Tests.Ingestion;

/// <summary>Half of a surrogate pair is valid JSON and no text: refused with its place, never a 500.</summary>
public sealed class BrokenTextTests(SharedApp shared) : IClassFixture<SharedApp>
{
    [Fact]
    public async Task A_broken_text_in_a_column_is_a_bad_value_of_its_row()
    {
        var (status, answer) = await shared.App.PostAsync("/push", Samples.Push(
            "online", (1, "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", "2", "0", "\"ok\""), (2, "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", "2", "0", "\"a\\ud800b\"")));

        Assert.Equal(422, status);
        var issue = Assert.Single(answer.GetProperty("detail").EnumerateArray());
        Assert.Equal("""["body","df","tier",1]""", issue.GetProperty("loc").GetRawText());
        Assert.Contains("not valid Unicode", issue.GetProperty("msg").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/push", """{"push_source_name":"stats_push","df":{"driver_id":[1],"event_timestamp":["\udc00"],"created":["2026-03-01T11:00:00Z"],"trips":[1],"rate":[1],"tier":["a"]}}""", 422)]
    [InlineData("/push", """{"push_source_name":"\ud800","df":{}}""", 422)]
    [InlineData("/push", """{"push_source_name":"stats_push","df":{"\ud800":[1]}}""", 422)]
    [InlineData("/push", """{"\ud800":1,"push_source_name":"stats_push","df":{}}""", 422)]
    [InlineData("/get-online-features", """{"features":["\ud800:x"],"entities":{"driver_id":[1]}}""", 422)]
    [InlineData("/get-online-features", """{"features":["local:visits"],"entities":{"driver_id":[1],"city":["\ud800"]}}""", 422)]
    [InlineData("/get-online-features", """{"features":["local:visits"],"entities":{"driver_id":[1],"\ud800":["a"]}}""", 422)]
    [InlineData("/materialize", """{"start_ts":"\ud800","end_ts":"2026-03-01T11:00:00Z"}""", 422)]
    [InlineData("/materialize", """{"start_ts":"2026-03-01T11:00:00Z","end_ts":"2026-03-01T11:00:00Z","feature_views":["\ud800"]}""", 422)]
    [InlineData("/api/historical-features", """{"features":["\ud800:x"],"entity_df":{"driver_id":[1],"event_timestamp":["2026-03-01T11:00:00Z"]}}""", 400)]
    [InlineData("/api/historical-features", """{"features":["local:visits"],"entity_df":{"driver_id":[1],"city":["\ud800"],"event_timestamp":["2026-03-01T11:00:00Z"]}}""", 422)]
    public async Task Anywhere_else_it_is_a_mistake_of_the_body(string path, string body, int status)
    {
        // Known combinations of features are read by another reader than new ones.
        await shared.App.PostAsync("/get-online-features", """{"features":["local:visits"],"entities":{"driver_id":[1],"city":["a"]}}""");

        var (answered, answer) = await shared.App.PostAsync(path, body);

        Assert.Equal(status, answered);
        Assert.Contains("not valid Unicode", answer.ToString(), StringComparison.Ordinal);
    }
}
