using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Tests.Definitions;

/// <summary>Definitions of streaming aggregates.</summary>
public sealed class StreamViewTests
{
    private const string Clicks = """
        {
          "entities": [{ "name": "user", "join_keys": [{ "name": "user_id", "datatype": "INT64" }] }],
          "sources": [{ "name": "clicks", "kind": "topic", "topic": "shop.clicks", "filter": "amount is null or amount >= 0", "columns": [
            { "name": "user_id", "datatype": "INT64", "field": "user.id" }, { "name": "at", "datatype": "TIMESTAMP", "unit": "milliseconds" },
            { "name": "amount", "datatype": "FP32" }, { "name": "item", "datatype": "BYTES" }] }],
          "stream_feature_views": [{
            "name": "activity", "entities": ["user"], "source": "clicks", "event_timestamp_column": "at", "ttl_seconds": 86400,
            "aggregations": [
              { "function": "count", "windows": [{ "size_seconds": 60 }, { "size_seconds": 86400 }] },
              { "column": "amount", "function": "sum", "windows": [{ "type": "tumbling", "size_seconds": 3600 }] },
              { "column": "amount", "function": "quantile", "quantile": 0.9, "name": "amount_p90", "windows": [{ "type": "hopping", "size_seconds": 90, "hop_seconds": 30 }] },
              { "column": "item", "function": "last", "windows": [{ "size_seconds": 5400, "name": "recent" }] }
            ]
          }],
          "feature_services": [{ "name": "shop", "features": [{ "view": "activity" }] }]
        }
        """;

    [Fact]
    public async Task A_stream_view_has_one_typed_feature_for_each_aggregation_and_window()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Clicks);

        var view = app.Services.GetRequiredService<CatalogStore>().Current.StreamViews["activity"];
        string[] expected = ["count_1m INT64", "count_1d INT64", "amount_sum_tumbling_1h FP64", "amount_p90_hopping_90s FP64", "item_last_recent BYTES"];
        Assert.Equal(expected, view.Features.Select(feature => $"{feature.Name} {feature.Datatype.Name()}"));
        Assert.Equal(expected, view.View.Features.Select(feature => $"{feature.Name} {feature.Datatype.Name()}"));
        Assert.Equal((TimeSpan.FromDays(1), "user_id"), (view.View.Ttl, view.View.JoinKeys[0].Name));
        var service = JsonSerializer.Deserialize<JsonElement>(await app.Client.GetStringAsync("/api/feature-services/shop"));
        Assert.Equal(expected, service.GetProperty("features").EnumerateArray().Select(feature => $"{feature.GetProperty("name")} {feature.GetProperty("datatype")}"));
        Assert.Equal("unchanged", (await app.PostOkAsync("/api/apply", Clicks)).GetProperty("plan")[2].GetProperty("change").GetString());
    }

    [Fact]
    public async Task Every_mistake_of_a_stream_view_has_its_place()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        var (status, answer) = await app.PostAsync("/api/apply", """
            {
              "entities": [{ "name": "user", "join_keys": [{ "name": "user_id", "datatype": "INT64" }] }],
              "sources": [{ "name": "clicks", "kind": "topic", "topic": "no good", "filter": "amount + 1", "path": "x", "columns": [
                { "name": "user_id", "datatype": "INT32" }, { "name": "amount", "datatype": "FP32", "unit": "seconds" }, { "name": "item", "datatype": "BYTES", "field": "a..b" }] }],
              "stream_feature_views": [{
                "name": "activity", "entities": ["user"], "source": "clicks", "watermark_delay_seconds": -1, "allowed_lateness_seconds": 1e9,
                "aggregations": [
                  { "function": "sum", "windows": [] },
                  { "column": "item", "function": "mean", "windows": [{ "size_seconds": 0 }] },
                  { "column": "gone", "function": "max", "windows": [{ "type": "round", "size_seconds": 1 }] },
                  { "column": "amount", "function": "quantile", "windows": [{ "type": "hopping", "size_seconds": 60, "hop_seconds": 7 }] },
                  { "function": "median", "windows": [{ "size_seconds": 1, "hop_seconds": 1 }] }
                ]
              }]
            }
            """);

        Assert.Equal(400, status);
        Assert.Superset(
            new HashSet<string>
            {
                "sources[0].topic", "sources[0].filter", "sources[0].path", "sources[0].columns[1].unit", "sources[0].columns[2].field",
                "stream_feature_views[0].source", "stream_feature_views[0].watermark_delay_seconds", "stream_feature_views[0].allowed_lateness_seconds",
                "stream_feature_views[0].aggregations[0].column", "stream_feature_views[0].aggregations[0].windows",
                "stream_feature_views[0].aggregations[1].function", "stream_feature_views[0].aggregations[1].windows[0].size_seconds",
                "stream_feature_views[0].aggregations[2].column", "stream_feature_views[0].aggregations[2].windows[0].type",
                "stream_feature_views[0].aggregations[3].quantile", "stream_feature_views[0].aggregations[3].windows[0].hop_seconds",
                "stream_feature_views[0].aggregations[4].function", "stream_feature_views[0].aggregations[4].windows[0].hop_seconds",
            },
            answer.GetProperty("errors").EnumerateObject().Select(error => error.Name).ToHashSet());
    }
}
