using System.Text.Json;

namespace MlSystem.FeatureStore.Tests.Definitions;

/// <summary>Definitions as YAML, their deletion, and what protects live endpoints.</summary>
public sealed class ApplyTests
{
    private const string Yaml = """
        # customers
        entities:
          - name: customer
            owner: ml-team
            tags: { tier: 1, pii: yes }
            join_keys: [{ name: customer_id, datatype: BYTES }]
        ---
        sources:
          - { name: checkout, kind: request, columns: [{ name: amount, datatype: FP64 }] }
        feature_views:
          - name: profile
            entities: [customer]
            sensitive_columns: [income]
            features:
              - { name: income, datatype: FP32 }
              - { name: segment, datatype: BYTES }
        on_demand_feature_views:
          - name: ratios
            sources: [profile, checkout]
            features:
              - { name: share, datatype: FP64, expression: "amount / income" }
              - { name: loud, datatype: BYTES, expression: "upper(segment)" }
              - { name: high, datatype: BOOL, expression: "share > 0.5" }
        feature_services:
          - name: checkout_v1
            features: [{ view: profile, features: [segment] }, { view: ratios }]
        """;

    [Fact]
    public async Task Yaml_and_json_say_the_same()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Yaml, "application/yaml");

        var service = await GetAsync(app, "/api/feature-services/checkout_v1");
        Assert.Equal(
            """{"name":"checkout_v1","version":1,"features":[{"view":"profile","feature":"segment","name":"segment","datatype":"BYTES"},{"view":"ratios","feature":"share","name":"share","datatype":"FP64","view_version":1},{"view":"ratios","feature":"loud","name":"loud","datatype":"BYTES","view_version":1},{"view":"ratios","feature":"high","name":"high","datatype":"BOOL","view_version":1}],"join_keys":[{"name":"customer_id","datatype":"BYTES"}],"request_columns":[{"name":"amount","datatype":"FP64"}],"sensitive_columns":["share","high"]}""",
            service.GetRawText());
        var view = await GetAsync(app, "/api/on-demand-feature-views/ratios");
        Assert.Equal(3, view.GetProperty("inputs").GetArrayLength());
        var entity = (await GetAsync(app, "/api/entities")).GetProperty("entities")[0];
        Assert.Equal(("1", "yes"), (entity.GetProperty("tags").GetProperty("tier").GetString(), entity.GetProperty("tags").GetProperty("pii").GetString()));
        var again = await app.PostOkAsync("/api/apply", $$"""{"entities":[{{entity.GetRawText()}}],"on_demand_feature_views":[{{view.GetProperty("definition").GetRawText()}}]}""");
        Assert.All(again.GetProperty("plan").EnumerateArray(), change => Assert.Equal("unchanged", change.GetProperty("change").GetString()));
    }

    [Theory]
    [InlineData("entities:\n  - name: a\n   join_keys: []\n", "", "line 3, column 4")]
    [InlineData("entities:\n  - name: a\n    keys: []\n", "entities[0].keys", "(line 3, column 11)")]
    [InlineData("entities: customer\n", "entities", "A list is required. (line 1, column 11)")]
    [InlineData("feature_views:\n  - name: v\n    online: maybe\n    ttl_seconds: 1.5\n", "feature_views[0].ttl_seconds", "A whole number is required. (line 4, column 18)")]
    [InlineData("feature_views:\n  - name: v\n    features: [null]\n", "feature_views[0].features[0]", "A value is required")]
    [InlineData("entities:\n  - name: e\n    join_keys:\n      - name: id\n        datatype: FLOAT\n", "entities[0].join_keys[0].datatype", "(line 5, column 19)")]
    public async Task A_mistake_in_yaml_has_its_line_and_column(string yaml, string path, string expected)
    {
        await using var app = await FeatureStoreApp.StartAsync();
        var (status, answer) = await app.PostAsync("/api/apply", yaml, "application/yaml");
        Assert.Equal(400, status);
        Assert.Contains(expected, string.Join(' ', answer.GetProperty("errors").GetProperty(path).EnumerateArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_in_json_has_its_line_and_column_and_other_types_are_refused()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        var (_, answer) = await app.PostAsync("/api/apply", "{\n  \"entities\": [\n    { \"name\": \"e\", \"join_keys\": [] }]\n}");
        Assert.Contains("(line 3, column 33)", answer.GetProperty("errors").GetProperty("entities[0].join_keys")[0].GetString(), StringComparison.Ordinal);
        (_, answer) = await app.PostAsync("/api/apply", "{\n  \"entities\": [,]\n}");
        Assert.Contains("line 2", answer.GetProperty("errors").GetProperty("")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(415, (await app.PostAsync("/api/apply", "a,b", "text/csv")).Status);
    }

    [Fact]
    public async Task Deleting_takes_away_what_nothing_uses_and_prune_everything_that_is_left_out()
    {
        await using var registry = await RegistryStub.StartAsync("other", 1);
        await using var app = await FeatureStoreApp.StartAsync(("services:registry:http:0", registry.Address));
        await app.PostOkAsync("/api/apply", Samples.Definitions);

        var (status, answer) = await app.PostAsync("/api/apply", """{"delete":{"feature_views":["hourly","nope"],"entities":["driver"]}}""");
        Assert.Equal(400, status);
        var errors = answer.GetProperty("errors");
        Assert.Contains("is used by feature service 'stats' version 1", errors.GetProperty("delete.feature_views[0]")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("There is no 'nope' to delete", errors.GetProperty("delete.feature_views[1]")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("is used by feature view", errors.GetProperty("delete.entities[0]")[0].GetString(), StringComparison.Ordinal);

        var deleted = await app.PostOkAsync("/api/apply", """{"delete":{"feature_views":["local"],"entities":["city"]}}""");
        Assert.Equal(["local deleted", "city deleted"], deleted.GetProperty("plan").EnumerateArray().Select(change => $"{change.GetProperty("name")} {change.GetProperty("change")}"));
        Assert.Equal(404, (int)(await app.Client.GetAsync("/api/feature-views/local")).StatusCode);

        var planned = await app.PostOkAsync("/api/apply?prune=true&plan_only=true&force=true", "{}");
        Assert.Equal(5, planned.GetProperty("plan").GetArrayLength());
        Assert.Equal("stats", planned.GetProperty("breaks")[0].GetProperty("feature_service").GetString());
        await app.PostOkAsync("/api/apply?prune=true&force=true", "{}");
        Assert.Equal("""{"feature_views":[]}""", await app.Client.GetStringAsync("/api/feature-views"));
        Assert.Equal(404, (int)(await app.Client.GetAsync("/api/feature-services/stats?version=1")).StatusCode);
    }

    [Fact]
    public async Task A_deleted_view_comes_back_with_its_rows_but_not_with_other_datatypes()
    {
        await using var registry = await RegistryStub.StartAsync("other", 1);
        await using var app = await FeatureStoreApp.StartAsync(("services:registry:http:0", registry.Address));
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:59:00Z", 5));
        await app.PostOkAsync("/api/apply?prune=true&force=true", "{}");
        Assert.Equal(404, (await app.PostAsync("/get-online-features", Samples.ReadTrips)).Status);

        var (status, answer) = await app.PostAsync("/api/apply", Samples.Definitions.Replace("\"trips\", \"datatype\": \"INT32\"", "\"trips\", \"datatype\": \"BYTES\"", StringComparison.Ordinal));
        Assert.Equal(400, status);
        Assert.Contains("is INT32 in stored rows", answer.GetProperty("errors").GetProperty("feature_views[0].features[0].datatype")[0].GetString(), StringComparison.Ordinal);

        var plan = (await app.PostOkAsync("/api/apply", Samples.Definitions)).GetProperty("plan");
        Assert.All(plan.EnumerateArray(), change => Assert.Equal(("created", 3), (change.GetProperty("change").GetString(), change.GetProperty("version").GetInt32())));
        Assert.Equal("[5]", (await app.PostOkAsync("/get-online-features", Samples.ReadTrips)).GetProperty("results")[1].GetProperty("values").GetRawText());
    }

    [Fact]
    public async Task What_a_live_endpoint_reads_is_broken_only_by_force()
    {
        await using var registry = await RegistryStub.StartAsync("stats", 1);
        await using var app = await FeatureStoreApp.StartAsync(("services:registry:http:0", registry.Address));
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var breaking = Samples.Definitions
            .Replace("{ \"name\": \"rate\", \"datatype\": \"FP64\" }, ", "", StringComparison.Ordinal).Replace("[\"rate\", \"trips\"]", "[\"trips\"]", StringComparison.Ordinal);

        var planned = await app.PostOkAsync("/api/apply?plan_only=true", breaking);
        Assert.Equal(
            """[{"feature_service":"stats","version":1,"problems":["feature 'hourly:rate' is removed"],"endpoints":["churn: churn version 3"]}]""",
            planned.GetProperty("breaks").GetRawText().Replace("\\u0027", "'", StringComparison.Ordinal));
        var (status, answer) = await app.PostAsync("/api/apply", breaking);
        Assert.Equal(409, status);
        Assert.Contains("churn version 3", answer.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, (await GetAsync(app, "/api/feature-views/hourly")).GetProperty("version").GetInt32());

        await app.PostOkAsync("/api/apply?force=true", breaking);
        Assert.Equal(2, (await GetAsync(app, "/api/feature-services/stats")).GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task Without_the_registry_a_breaking_change_is_refused_unless_forced_and_others_are_not()
    {
        await using var app = await FeatureStoreApp.StartAsync(("services:registry:http:0", "http://127.0.0.1:1"));
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/api/apply", Samples.Definitions.Replace("\"ttl_seconds\": 600", "\"ttl_seconds\": 60", StringComparison.Ordinal));

        const string Delete = """{"delete":{"feature_services":["stats"]}}""";
        var refused = app.PostAsync("/api/apply", Delete);
        while (!refused.IsCompleted)
        {
            // The retries of the client wait on the clock of the test.
            app.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(refused, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        }

        var (status, answer) = await refused;
        Assert.Equal(503, status);
        Assert.Contains("The registry does not tell", answer.GetProperty("detail").GetString(), StringComparison.Ordinal);
        var forced = app.PostOkAsync("/api/apply?force=true", Delete);
        while (!forced.IsCompleted)
        {
            app.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(forced, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        }

        Assert.False((await forced).GetProperty("breaks")[0].TryGetProperty("endpoints", out _));
    }

    [Fact]
    public async Task A_service_keeps_the_expression_that_it_was_defined_with()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Yaml, "application/yaml");
        await app.PostOkAsync("/api/apply", Yaml.Replace("amount / income", "amount / income * 100", StringComparison.Ordinal).Replace("checkout_v1", "checkout_v2", StringComparison.Ordinal), "application/yaml");
        await app.PostOkAsync("/write-to-online-store", """{"feature_view_name":"profile","df":{"customer_id":["c"],"event_timestamp":["2026-03-01T11:00:00Z"],"income":[50],"segment":["a"]}}""");

        Assert.Equal("[0.1]", await ShareAsync(app, "checkout_v1"));
        Assert.Equal("[10]", await ShareAsync(app, "checkout_v2"));
    }

    private static async Task<string> ShareAsync(FeatureStoreApp app, string service) =>
        (await app.PostOkAsync("/get-online-features", $$$"""{"feature_service":"{{{service}}}","entities":{"customer_id":["c"],"amount":[5]}}""")).GetProperty("results")[2].GetProperty("values").GetRawText();

    private static async Task<JsonElement> GetAsync(FeatureStoreApp app, string path) => JsonSerializer.Deserialize<JsonElement>(await app.Client.GetStringAsync(path));
}
