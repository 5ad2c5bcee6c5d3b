using System.Text.Json;

namespace MlSystem.FeatureStore.Tests.Online;

/// <summary>Feast's surface, byte for byte where it matters to its clients.</summary>
public sealed class OnlineFeaturesTests(SharedApp shared) : IClassFixture<SharedApp>
{
    [Fact]
    public async Task Answers_in_Feasts_form_with_every_status()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var pushed = await app.PostOkAsync("/push", Samples.Push(
            "online",
            (1, "2026-03-01T11:55:00Z", "2026-03-01T11:55:01Z", "7", "0.25", "\"gold\""),
            (2, "2026-03-01T11:55:00.5Z", "2026-03-01T11:55:01Z", "null", "null", "null"),
            (3, "2026-03-01T11:49:59.999999Z", "2026-03-01T11:55:01Z", "9", "1e300", "\"zürich \\\"x\\\"\"")));
        Assert.Equal(JsonValueKind.Null, pushed.ValueKind);

        var answer = await app.PostOkAsync("/get-online-features", """{"features":["hourly:trips","hourly:tier"],"entities":{"driver_id":[1,2,3,4]}}""");

        Assert.Equal(Canonical("""
            {
              "metadata": { "feature_names": ["driver_id", "trips", "tier"] },
              "results": [
                { "values": [1, 2, 3, 4], "statuses": ["PRESENT", "PRESENT", "PRESENT", "PRESENT"],
                  "event_timestamps": ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"] },
                { "values": [7, null, 9, null], "statuses": ["PRESENT", "NULL_VALUE", "OUTSIDE_MAX_AGE", "NOT_FOUND"],
                  "event_timestamps": ["2026-03-01T11:55:00Z", "2026-03-01T11:55:00.500Z", "2026-03-01T11:49:59.999999Z", "1970-01-01T00:00:00Z"] },
                { "values": ["gold", null, "zürich \"x\"", null], "statuses": ["PRESENT", "NULL_VALUE", "OUTSIDE_MAX_AGE", "NOT_FOUND"],
                  "event_timestamps": ["2026-03-01T11:55:00Z", "2026-03-01T11:55:00.500Z", "2026-03-01T11:49:59.999999Z", "1970-01-01T00:00:00Z"] }
              ]
            }
            """), Canonical(answer.GetRawText()));
    }

    [Fact]
    public async Task A_value_turns_outside_max_age_when_its_time_to_live_is_over_and_not_before()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T12:00:00Z", 5));

        app.Time.SetUtcNow(FeatureStoreApp.Start.AddSeconds(600));
        Assert.Equal("PRESENT", Status(await app.PostOkAsync("/get-online-features", Samples.ReadTrips)));
        app.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("OUTSIDE_MAX_AGE", Status(await app.PostOkAsync("/get-online-features", Samples.ReadTrips)));
    }

    [Fact]
    public async Task Services_full_names_entity_names_and_composite_keys_are_understood()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T12:00:00Z", 5, to: "online"));
        await app.PostOkAsync("/write-to-online-store", """
            {"feature_view_name":"local","df":{"driver_id":[1,1],"city":["a|b","a"],"event_timestamp":["2026-03-01T12:00:00Z","2026-03-01T12:00:00Z"],"visits":[11,22]}}
            """);

        var service = await app.PostOkAsync("/get-online-features", """{"feature_service":"stats","full_feature_names":true,"entities":{"driver":[1]}}""");
        Assert.Equal("""["driver_id","hourly__rate","hourly__trips","wide__s"]""", service.GetProperty("metadata").GetProperty("feature_names").GetRawText());

        var local = await app.PostOkAsync("/get-online-features", """{"features":["local:visits"],"entities":{"city":["a","a|b","b"],"driver_id":[1,1,1]}}""");
        Assert.Equal("[22,11,null]", local.GetProperty("results")[2].GetProperty("values").GetRawText());
    }

    [Theory]
    [InlineData("{", 422, "not valid JSON")]
    [InlineData("[]", 422, "object is required")]
    [InlineData("{}", 422, "entities")]
    [InlineData("""{"features":["hourly:trips"],"entities":{"driver_id":["x",null]}}""", 422, "is not INT64")]
    [InlineData("""{"features":["hourly:trips"],"entities":{}}""", 422, "Missing join key values for key 'driver_id'")]
    [InlineData("""{"features":["hourly:trips"],"entities":{"passenger":[1]}}""", 404, "Entity passenger does not exist")]
    [InlineData("""{"features":["hourly:nope","gone:x"],"entities":{"driver_id":[1]}}""", 404, "Feature nope does not exist in feature view hourly; Feature view gone does not exist")]
    [InlineData("""{"feature_service":"nope","entities":{"driver_id":[1]}}""", 404, "Feature service nope does not exist")]
    [InlineData("""{"features":["hourly:trips","hourly:trips"],"entities":{"driver_id":[1]}}""", 422, "Duplicate features named trips")]
    [InlineData("""{"features":["local:visits"],"entities":{"driver_id":[1],"city":["a","b"]}}""", 422, "has 2 values")]
    public async Task Mistakes_are_told_in_Feasts_form(string body, int status, string message)
    {
        var app = shared.App;

        var (answered, answer) = await app.PostAsync("/get-online-features", body);

        Assert.Equal(status, answered);
        Assert.Contains(message, answer.GetProperty("detail").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_entities_are_refused_with_the_limit()
    {
        await using var app = await FeatureStoreApp.StartAsync(("Features:MaxOnlineEntities", "3"));
        await app.PostOkAsync("/api/apply", Samples.Definitions);

        var (status, answer) = await app.PostAsync("/get-online-features", """{"features":["hourly:trips"],"entities":{"driver_id":[1,2,3,4]}}""");

        Assert.Equal(413, status);
        Assert.Contains("allowed are 3", answer.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static string Status(JsonElement answer) => answer.GetProperty("results")[1].GetProperty("statuses")[0].GetString()!;

    private static string Canonical(string json) => JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(json));
}
