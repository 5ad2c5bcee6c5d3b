using System.Text.Json;
using Grpc.Net.Client;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.Tests.Online;

/// <summary>What is given in place of a value that is older than its view's time to live.</summary>
public sealed class ExpiredValuesTests
{
    private const string Yaml = """
        entities: [{ name: driver, join_keys: [{ name: driver_id, datatype: INT64 }] }]
        sources: [{ name: stats, kind: push }]
        feature_views:
          - { name: flagged, entities: [driver], source: stats, ttl_seconds: 600, features: [{ name: trips, datatype: INT32 }] }
          - { name: nulls, entities: [driver], source: stats, ttl_seconds: 600, expired: { return: null }, features: [{ name: trips, datatype: INT32 }] }
          - name: defaults
            entities: [driver]
            source: stats
            ttl_seconds: 600
            expired: { return: default, defaults: { trips: 42, tags: [a, b] } }
            features: [{ name: trips, datatype: INT32 }, { name: tags, datatype: "BYTES[]" }, { name: rate, datatype: FP64 }]
        """;

    private const string Push = """
        {"push_source_name":"stats","to":"online_and_offline","df":{"driver_id":[1,2],"event_timestamp":["2026-03-01T11:49:59Z","2026-03-01T11:59:00Z"],
         "trips":[7,null],"tags":[["x"],["y"]],"rate":[0.5,0.5]}}
        """;

    [Fact]
    public async Task Each_view_decides_and_the_status_tells_it_is_expired()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Yaml, "application/yaml");
        await app.PostOkAsync("/push", Push);

        var answer = await app.PostOkAsync("/get-online-features", """
            {"features":["flagged:trips","nulls:trips","defaults:trips","defaults:tags","defaults:rate"],"full_feature_names":true,"entities":{"driver_id":[1,2,3]}}
            """);

        var results = answer.GetProperty("results");
        Assert.All(Enumerable.Range(1, 5), column => Assert.Equal("OUTSIDE_MAX_AGE", results[column].GetProperty("statuses")[0].GetString()));
        Assert.All(Enumerable.Range(1, 5), column => Assert.Equal("2026-03-01T11:49:59Z", results[column].GetProperty("event_timestamps")[0].GetString()));
        string[] values = ["[7,null,null]", "[null,null,null]", "[42,null,null]", """[["a","b"],["y"],null]""", "[null,0.5,null]"];
        Assert.Equal(values, Enumerable.Range(1, 5).Select(column => results[column].GetProperty("values").GetRawText()));
    }

    [Fact]
    public async Task Grpc_gives_the_same_and_tells_nulls()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Yaml, "application/yaml");
        await app.PostOkAsync("/push", Push);
        using var channel = GrpcChannel.ForAddress("http://features", new GrpcChannelOptions { HttpHandler = app.Handler });
        var client = new MlSystem.Features.V1.FeatureStore.FeatureStoreClient(channel);

        var answer = await client.GetOnlineFeaturesAsync(new GetOnlineFeaturesRequest
        {
            Features = { "flagged:trips", "nulls:trips", "defaults:trips", "defaults:rate" },
            FullFeatureNames = true,
            JoinKeys = { new Column { Name = "driver_id", Int64S = new Int64Values { Values = { 1, 2 } } } },
        });

        Assert.Equal(["flagged__trips", "nulls__trips", "defaults__trips", "defaults__rate"], answer.Columns.Select(column => column.Name));
        Assert.All(answer.Columns, column => Assert.Equal(FeatureStatus.OutsideMaxAge, column.Statuses[0]));
        Assert.Equal([7, 0, 42], answer.Columns.Take(3).Select(column => column.Values.Int32S.Values[0]));
        Assert.Equal(double.NaN, answer.Columns[3].Values.Fp64S.Values[0]);
        Assert.Empty(answer.Columns[0].Nulls);
        Assert.Equal([true, true], answer.Columns[1].Nulls);
        Assert.Equal([false, true], answer.Columns[2].Nulls);
        Assert.Equal([true, false], answer.Columns[3].Nulls);
    }

    [Fact]
    public async Task Historical_reads_know_nothing_of_it()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Yaml, "application/yaml");
        await app.PostOkAsync("/push", Push);

        var joined = await app.PostOkAsync("/api/historical-features", """
            {"features":["defaults:trips","nulls:trips"],"full_feature_names":true,"entity_df":{"driver_id":[1,1],"event_timestamp":["2026-03-01T11:50:00Z","2026-03-01T12:00:00Z"]}}
            """);

        Assert.Equal("[7,null]", joined.GetProperty("columns").GetProperty("defaults__trips").GetRawText());
        Assert.Equal("[7,null]", joined.GetProperty("columns").GetProperty("nulls__trips").GetRawText());
    }

    [Fact]
    public async Task A_computed_feature_takes_expired_inputs_for_missing_as_in_training()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Yaml + """

            on_demand_feature_views:
              - { name: twice, sources: [defaults], features: [{ name: twice, datatype: INT64, expression: trips * 2 }] }
            """, "application/yaml");
        await app.PostOkAsync("/push", Push);

        var answer = await app.PostOkAsync("/get-online-features", """{"features":["twice:twice"],"entities":{"driver_id":[1]}}""");

        Assert.Equal("[null]", answer.GetProperty("results")[1].GetProperty("values").GetRawText());
    }

    [Fact]
    public async Task A_change_is_in_the_plan_breaks_nothing_and_changes_the_next_read()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Yaml, "application/yaml");
        await app.PostOkAsync("/push", Push);
        await app.PostOkAsync("/api/apply", "feature_services: [{ name: s, features: [{ view: nulls }] }]", "application/yaml");
        var changed = Yaml.Replace("return: null", "return: default, defaults: { trips: -1 }", StringComparison.Ordinal);

        var plan = await app.PostOkAsync("/api/apply", changed, "application/yaml");

        Assert.False(plan.TryGetProperty("breaks", out _));
        var change = plan.GetProperty("plan").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == "nulls");
        Assert.Equal("updated", change.GetProperty("change").GetString());
        Assert.Contains(change.GetProperty("details").EnumerateArray(), line => line.GetString() == """expired.return: "null" → "default" """.TrimEnd());
        Assert.Equal("unchanged", (await app.PostOkAsync("/api/apply", changed, "application/yaml")).GetProperty("plan")[3].GetProperty("change").GetString());
        var answer = await app.PostOkAsync("/get-online-features", """{"feature_service":"s","entities":{"driver_id":[1]}}""");
        Assert.Equal("[-1]", answer.GetProperty("results")[1].GetProperty("values").GetRawText());
    }

    [Theory]
    [InlineData("ttl_seconds: 60, expired: { return: sometimes }", "expired.return", "allowed: flagged null default")]
    [InlineData("expired: { return: null }", "expired", "Without ttl_seconds")]
    [InlineData("ttl_seconds: 60, expired: { return: default }", "expired.defaults", "needs defaults")]
    [InlineData("ttl_seconds: 60, expired: { defaults: { trips: 1 } }", "expired.defaults", "only it uses them")]
    [InlineData("ttl_seconds: 60, expired: { return: default, defaults: { trips: 1.5 } }", "expired.defaults.trips", "is not INT32")]
    [InlineData("ttl_seconds: 60, expired: { return: default, defaults: { nope: 1 } }", "expired.defaults.nope", "no feature 'nope'")]
    [InlineData("ttl_seconds: 60, expired: { keep_seconds: 5 }", "expired.keep_seconds", "at least 60 seconds")]
    [InlineData("ttl_seconds: 60, expired: { return: null, keep_seconds: -1 }", "expired.keep_seconds", "from 0 to 3155760000")]
    [InlineData("ttl_seconds: 60, expired: { keep: 5 }", "expired.keep", "allowed: return defaults keep_seconds")]
    public async Task Mistakes_are_told_with_their_place(string members, string place, string message)
    {
        await using var app = await FeatureStoreApp.StartAsync();

        var (status, answer) = await app.PostAsync("/api/apply", $$"""
            entities: [{ name: driver, join_keys: [{ name: driver_id, datatype: INT64 }] }]
            feature_views: [{ name: v, entities: [driver], features: [{ name: trips, datatype: INT32 }], {{members}} }]
            """, "application/yaml");

        Assert.Equal(400, status);
        var told = answer.GetProperty("errors").GetProperty($"feature_views[0].{place}")[0].GetString();
        Assert.Contains(message, told, StringComparison.Ordinal);
        Assert.Contains("line 2", told, StringComparison.Ordinal);
    }
}
