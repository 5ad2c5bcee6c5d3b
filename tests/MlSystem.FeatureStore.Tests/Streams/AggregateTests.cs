using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Streams;

namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary>Aggregates through the service: pushed rows become features online and in the point-in-time join.</summary>
public sealed class AggregateTests
{
    private const string Counts = """{ "function": "count", "windows": [{ "size_seconds": 60 }, { "size_seconds": 3600 }] }, { "column": "amount", "function": "sum", "windows": [{ "size_seconds": 3600 }] }""";

    private static readonly DateTimeOffset Past = new(2026, 2, 1, 10, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_of_the_past_become_rows_of_their_time_and_late_ones_are_counted_and_left_out()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", StreamSamples.Definitions(Counts));
        await app.PostOkAsync("/push", StreamSamples.Push(("ann", Past, 5, "x"), ("ann", Past.AddSeconds(30), 7, "y"), ("bob", Past.AddSeconds(600), 1, "x")));
        await app.SettleAsync(Cancelled);

        Assert.Equal(["0 2 12", "1 1 1"], await app.OnlineAsync("ann", "bob"));
        Assert.Equal(
            ["null null null", "1 1 5", "1 1 5", "2 2 12", "2 2 12", "0 2 12", "null null null", "1 1 1"],
            await app.AsOfAsync(
                ("ann", Past.AddMilliseconds(-1)), ("ann", Past), ("ann", Past.AddSeconds(29)), ("ann", Past.AddSeconds(30)), ("ann", Past.AddSeconds(59)), ("ann", Past.AddSeconds(100)),
                ("bob", Past.AddSeconds(599)), ("bob", Past.AddSeconds(600))));

        // The watermark is at 590 s; 20 s of lateness are allowed.
        await app.PostOkAsync("/push", StreamSamples.Push(("ann", Past.AddSeconds(571), 100, "x"), ("ann", Past.AddSeconds(569), 1000, "x")));
        await app.SettleAsync(Cancelled);
        Assert.Equal(["1 3 112", "1 1 1"], await app.OnlineAsync("ann", "bob"));
        var metrics = await app.Client.GetStringAsync("/metrics", Cancelled);
        Assert.Matches("mlsystem_features_stream_late_events[a-z_]*\\{[^}]*view=\"activity\"[^}]*\\} [1-9]", metrics);
        Assert.Contains("mlsystem_features_stream_watermark_delay", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Live_windows_empty_while_nothing_comes()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", StreamSamples.Definitions(Counts));
        await app.SettleAsync(Cancelled);
        await app.PostOkAsync("/push", StreamSamples.Push(("ann", FeatureStoreApp.Start, 5, "x")));
        await app.SettleAsync(Cancelled);
        Assert.Equal(["1 1 5"], await app.OnlineAsync("ann"));

        app.Time.Advance(TimeSpan.FromSeconds(70));
        await app.SettleAsync(Cancelled);
        Assert.Equal(["0 1 5"], await app.OnlineAsync("ann"));

        app.Time.Advance(TimeSpan.FromSeconds(3700));
        await app.SettleAsync(Cancelled);
        Assert.Equal(["0 0 0"], await app.OnlineAsync("ann"));
        Assert.Equal(0, Assert.Single(app.Services.GetRequiredService<StreamMetrics>().Standings).Entities);
    }

    [Fact]
    public async Task Nobody_writes_rows_of_a_stream_view()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", StreamSamples.Definitions(Counts));
        const string Rows = """{"user_id":["ann"],"at":["2026-03-01T11:00:00Z"],"count_1m":[9],"count_1h":[9],"amount_sum_1h":[9]}""";
        foreach (var (path, body, type, status) in ((string, string, string, int)[])[
            ("/push", $$"""{"push_source_name":"activity","df":{{Rows}}}""", "application/json", 422),
            ("/write-to-online-store", $$"""{"feature_view_name":"activity","df":{{Rows}}}""", "application/json", 422),
            ("/api/feature-views/activity/rows", "user_id,at,count_1m\nann,2026-03-01T11:00:00Z,9\n", "text/csv", 409),
            ("/api/feature-views/activity/ingest-source", "", "application/json", 409)])
        {
            var (found, answer) = await app.PostAsync(path, body, type);
            Assert.Equal((path, status), (path, found));
            Assert.Contains("is a stream feature view: its rows are computed from the events of source 'click_rows'", answer.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_changed_view_is_computed_anew_and_what_was_served_stays_and_a_deleted_one_leaves_no_state()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", StreamSamples.Definitions(Counts));
        await app.PostOkAsync("/push", StreamSamples.Push(("ann", FeatureStoreApp.Start, 5, "x"), ("bob", FeatureStoreApp.Start, 6, "x")));
        await app.SettleAsync(Cancelled);
        app.Time.Advance(TimeSpan.FromSeconds(1));
        var before = app.Time.GetUtcNow();
        app.Time.Advance(TimeSpan.FromSeconds(1));

        var changed = StreamSamples.Definitions("""{ "column": "amount", "function": "max", "windows": [{ "size_seconds": 3600 }] }, { "function": "count", "windows": [{ "size_seconds": 60 }] }""");
        await app.PostOkAsync("/api/apply", changed.Replace("view == 'clicks'", "view == 'clicks' and amount > 5", StringComparison.Ordinal));
        await app.SettleAsync(Cancelled);
        Assert.Equal(["null 0", "6 1"], await app.OnlineAsync("ann", "bob"));
        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["null 1", "6 1"], await app.AsOfAsync(("ann", before), ("bob", app.Time.GetUtcNow())));
        await app.PostOkAsync("/push", StreamSamples.Push(("ann", app.Time.GetUtcNow(), 50, "x")));
        await app.SettleAsync(Cancelled);
        Assert.Equal(["50 1"], await app.OnlineAsync("ann"));

        await app.PostOkAsync("/api/apply", """{"delete":{"stream_feature_views":["activity"]}}""");
        var generations = app.Services.GetRequiredService<FeatureStore.Streams.Storage.StreamGenerations>();
        await Testing.Eventually.TrueAsync(async () => (await generations.ViewsAsync(Cancelled)).Count == 0, TimeSpan.FromSeconds(60), "the state is deleted");
    }

    [Fact]
    public async Task An_entity_is_removed_from_the_state()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", StreamSamples.Definitions(Counts));
        await app.PostOkAsync("/push", StreamSamples.Push(("ann", FeatureStoreApp.Start, 5, "x"), ("bob", FeatureStoreApp.Start, 6, "x")));
        await app.SettleAsync(Cancelled);
        var streams = app.Services.GetRequiredService<StreamViews>();
        var view = app.Services.GetRequiredService<FeatureStore.Definitions.CatalogStore>().Current.Views["activity"];
        await streams.RemoveEntityAsync(view, [FeatureValue.Of("ann")], Cancelled);
        Assert.Equal(1, Assert.Single(app.Services.GetRequiredService<StreamMetrics>().Standings).Entities);

        await app.PostOkAsync("/push", StreamSamples.Push(("ann", FeatureStoreApp.Start, 1, "x"), ("bob", FeatureStoreApp.Start, 1, "x")));
        await app.SettleAsync(Cancelled);
        Assert.Equal(["1 1 1", "2 2 7"], await app.OnlineAsync("ann", "bob"));
    }

    [Fact]
    public async Task An_erased_entity_begins_anew_with_its_next_event()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", StreamSamples.Definitions(Counts));
        await app.PostOkAsync("/push", StreamSamples.Push(("ann", FeatureStoreApp.Start, 5, "x"), ("bob", FeatureStoreApp.Start, 6, "x")));
        await app.SettleAsync(Cancelled);

        var erased = await app.PostOkAsync("/api/erasures", """{"entity":"user","key":{"user_id":"ann"}}""");

        Assert.Equal("succeeded", erased.GetProperty("state").GetString());
        app.Time.Advance(TimeSpan.FromSeconds(5));
        await app.PostOkAsync("/push", StreamSamples.Push(("ann", FeatureStoreApp.Start, 5, "x"), ("ann", app.Time.GetUtcNow(), 1, "x"), ("bob", app.Time.GetUtcNow(), 1, "x")));
        await app.SettleAsync(Cancelled);
        Assert.Equal(["1 1 1", "2 2 7"], await app.OnlineAsync("ann", "bob"));
    }

    [Fact]
    public async Task Events_whose_key_is_not_their_entity_are_refused_with_a_reason()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", StreamSamples.Definitions(Counts).Replace("mlsystem.features", "shop.clicks", StringComparison.Ordinal));
        var log = app.Services.GetRequiredService<ServiceDefaults.EventLog.IEventLog>();
        var body = JsonSerializer.SerializeToUtf8Bytes(new { feature_view = "clicks", entity = new { user_id = "ann" }, event_time = FeatureStoreApp.Start, values = new { amount = 1 } });
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        await log.AppendAsync("shop.clicks", [new("ann", body, headers), new("other", body, headers), new("ann", "[]"u8.ToArray(), headers)], Cancelled);
        await app.SettleAsync(Cancelled);
        Assert.Equal(["1 1 1"], await app.OnlineAsync("ann"));
        Assert.Matches("mlsystem_features_stream_rejected_events[a-z_]*\\{[^}]*view=\"activity\"[^}]*\\} [1-9]", await app.Client.GetStringAsync("/metrics", Cancelled));
    }

    [Fact]
    public async Task Events_of_any_key_are_brought_together_by_entity_and_what_is_brought_twice_counts_once()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", StreamSamples.Definitions(Counts, more: "\"repartition\": true,").Replace("mlsystem.features", "shop.clicks", StringComparison.Ordinal));
        var log = app.Services.GetRequiredService<ServiceDefaults.EventLog.IEventLog>();
        var body = JsonSerializer.SerializeToUtf8Bytes(new { feature_view = "clicks", entity = new { user_id = "ann" }, event_time = FeatureStoreApp.Start, values = new { amount = 1 } });
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        await log.AppendAsync("shop.clicks", [.. Enumerable.Range(0, 50).Select(i => new ServiceDefaults.EventLog.LogEvent($"key {i}", body, headers))], Cancelled);
        await app.SettleAsync(Cancelled);
        Assert.Equal(["50 50 50"], await app.OnlineAsync("ann"));

        // As after a crash between bringing and committing.
        var generation = await app.Services.GetRequiredService<FeatureStore.Streams.Storage.StreamGenerations>().NameAsync("activity", Cancelled);
        var place = new Dictionary<string, string>(StringComparer.Ordinal) { ["ml_place"] = "0:0", ["ml_logged_us"] = "1772366400000000" };
        await log.AppendAsync($"mlsystem.features.keyed.activity-{generation[^12..]}", [.. Enumerable.Range(0, 8).Select(partition =>
            new ServiceDefaults.EventLog.LogEvent("ann", body, new Dictionary<string, string>(place, StringComparer.Ordinal) { ["ml_place"] = $"{partition}:0" }))], Cancelled);
        await app.SettleAsync(Cancelled);
        Assert.Equal(["50 50 50"], await app.OnlineAsync("ann"));
    }
}
