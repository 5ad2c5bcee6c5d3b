using System.Net.Http.Json;
using System.Text.Json;

namespace MlSystem.FeatureStore.Tests.Quality;

public sealed class RuleTests
{
    private const string Rules = """
        [{ "feature": "trips", "min": 0, "max": 100, "action": "block" },
         { "feature": "rate", "max": 1 },
         { "feature": "tier", "allowed_values": ["gold", "silver"], "action": "block" },
         { "feature": "tier", "max_null_share": 0.4, "action": "block" },
         { "feature": "rate", "unique": true }]
        """;

    private static readonly string Definitions =
        Samples.Definitions.Replace("\"name\": \"hourly\",", $"\"name\": \"hourly\", \"sensitive_columns\": [\"tier\"], \"rules\": {Rules},", StringComparison.Ordinal);

    [Fact]
    public async Task A_pushed_row_that_a_rule_blocks_is_reported_with_the_other_bad_rows_and_a_warning_is_told()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions);

        var (status, refused) = await app.PostAsync("/push", Samples.Push(
            "online", (1, "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", "-1", "2.5", "\"gold\""), (2, "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", "101", "0.5", "\"lead\"")));

        Assert.Equal(422, status);
        Assert.Equal(
            ["tier[1]: the value is not allowed", "trips[0]: '-1' is outside of 0 to 100", "trips[1]: '101' is outside of 0 to 100"],
            refused.GetProperty("detail").EnumerateArray().Select(issue => issue.GetProperty("msg").GetString()).Order(StringComparer.Ordinal));

        var taken = await app.PostOkAsync("/push", Samples.Push("online", (1, "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", "7", "2.5", "null")));

        Assert.Equal(1, taken.GetProperty("warning_count").GetInt32());
        Assert.Equal("""{"feature_view":"hourly","row":0,"feature":"rate","message":"'2.5' is outside of -∞ to 1"}""", JsonSerializer.Serialize(taken.GetProperty("warnings")[0], Unescaped));
        Assert.Equal("[7]", (await app.PostOkAsync("/get-online-features", Samples.ReadTrips)).GetProperty("results")[1].GetProperty("values").GetRawText());
    }

    [Fact]
    public async Task Rows_of_a_file_are_asked_too()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions);
        const string Csv = """
            driver_id,event_timestamp,created,trips,rate,tier
            1,2026-03-01T11:00:00Z,2026-03-01T12:00:00Z,500,0.5,gold
            2,2026-03-01T11:00:00Z,2026-03-01T12:00:00Z,5,3,gold
            """;

        var (status, refused) = await app.PostAsync("/api/feature-views/hourly/rows", Csv, "text/csv");
        Assert.Equal((422, "trips"), (status, refused.GetProperty("errors")[0].GetProperty("column").GetString()));

        var taken = await app.PostOkAsync("/api/feature-views/hourly/rows?on_error=skip", Csv, "text/csv");
        Assert.Equal((1, 1, 1), (taken.GetProperty("ingested").GetInt32(), taken.GetProperty("skipped").GetInt32(), taken.GetProperty("warning_count").GetInt32()));
        Assert.Equal(3, taken.GetProperty("warnings")[0].GetProperty("row").GetInt32());
    }

    [Fact]
    public async Task Rules_of_many_rows_are_told_by_statistics_and_hold_a_materialization_back()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions);
        await app.PostOkAsync("/push", Samples.Push(
            "offline",
            (1, "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", "1", "0.5", "null"),
            (2, "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", "2", "0.5", "\"gold\"")));

        var rules = (await app.Client.GetFromJsonAsync<JsonElement>("/api/feature-views/hourly/statistics")).GetProperty("rules").EnumerateArray()
            .ToDictionary(rule => $"{rule.GetProperty("feature").GetString()} {rule.GetProperty("rule").GetString()}", rule => rule);
        Assert.Equal((false, 0.5), (rules["tier max_null_share"].GetProperty("holds").GetBoolean(), rules["tier max_null_share"].GetProperty("share").GetDouble()));
        Assert.Equal((false, 1), (rules["rate unique"].GetProperty("holds").GetBoolean(), rules["rate unique"].GetProperty("breaches").GetInt32()));
        Assert.True(rules["trips max"].GetProperty("holds").GetBoolean());

        var (status, refused) = await app.PostAsync("/materialize", """{"start_ts":"2026-01-01T00:00:00Z","end_ts":"2026-12-31T00:00:00Z","feature_views":["hourly"]}""");

        Assert.Equal(409, status);
        Assert.Contains("rule max_null_share of tier does not hold", refused.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("[null]", (await app.PostOkAsync("/get-online-features", Samples.ReadTrips)).GetProperty("results")[1].GetProperty("values").GetRawText());

        // With a value for every driver only the warning is left.
        await app.PostOkAsync("/push", Samples.Push("offline", (1, "2026-03-01T11:30:00Z", "2026-03-01T12:00:00Z", "3", "0.5", "\"gold\"")));
        await app.PostOkAsync("/materialize", """{"start_ts":"2026-01-01T00:00:00Z","end_ts":"2026-12-31T00:00:00Z","feature_views":["hourly"]}""");

        // On a clock that stands still the two jobs have no order.
        var job = Assert.Single((await app.Client.GetFromJsonAsync<JsonElement>("/api/materializations?state=succeeded")).GetProperty("materializations").EnumerateArray());
        Assert.Contains("unique of rate", Assert.Single(job.GetProperty("views")[0].GetProperty("warnings").EnumerateArray()).GetString(), StringComparison.Ordinal);
        Assert.Equal("[3]", (await app.PostOkAsync("/get-online-features", Samples.ReadTrips)).GetProperty("results")[1].GetProperty("values").GetRawText());
    }

    [Fact]
    public async Task Mistakes_in_rules_are_told_all_at_once()
    {
        await using var app = await FeatureStoreApp.StartAsync();

        var (status, body) = await app.PostAsync("/api/apply", Samples.Definitions.Replace("\"name\": \"hourly\",", """
            "name": "hourly", "rules": [
              { "feature": "trips", "min": 2, "max": 1, "action": "explode" }, { "feature": "nope", "min": 1 }, { "feature": "tier", "max": 1 },
              { "feature": "tier" }, { "feature": "tier", "max_null_share": 2 }, { "feature": "rate", "allowed_values": ["1"] }],
            """, StringComparison.Ordinal));

        Assert.Equal(400, status);
        Assert.Equal(
            ["[0].action", "[0].min", "[1].feature", "[2].max", "[3]", "[4].max_null_share", "[5].allowed_values"],
            body.GetProperty("errors").EnumerateObject().Select(error => error.Name["feature_views[0].rules".Length..]).Order(StringComparer.Ordinal));
    }

    private static JsonSerializerOptions Unescaped { get; } = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
