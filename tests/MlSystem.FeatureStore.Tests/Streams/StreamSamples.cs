namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary>Definitions that the tests of aggregates share: clicks are rows of a feature view, aggregated by user.</summary>
internal static class StreamSamples
{
    /// <summary>Every function, every type of window.</summary>
    public const string AllFunctions = """
        { "function": "count", "windows": [{ "size_seconds": 60 }, { "type": "tumbling", "size_seconds": 30 }, { "type": "hopping", "size_seconds": 60, "hop_seconds": 20 }] },
        { "column": "amount", "function": "count", "windows": [{ "size_seconds": 60 }] },
        { "column": "amount", "function": "sum", "windows": [{ "size_seconds": 60 }, { "type": "tumbling", "size_seconds": 30 }] },
        { "column": "amount", "function": "mean", "windows": [{ "size_seconds": 60 }] },
        { "column": "amount", "function": "min", "windows": [{ "size_seconds": 60 }, { "type": "hopping", "size_seconds": 60, "hop_seconds": 20 }] },
        { "column": "amount", "function": "max", "windows": [{ "size_seconds": 600 }] },
        { "column": "item", "function": "last", "windows": [{ "size_seconds": 60 }] },
        { "column": "item", "function": "distinct", "windows": [{ "size_seconds": 600 }] },
        { "column": "amount", "function": "quantile", "quantile": 0.5, "name": "median", "windows": [{ "size_seconds": 600 }] }
        """;

    public static string Definitions(string aggregations, double delay = 10, double lateness = 20, string more = "") => $$"""
        {
          "entities": [{ "name": "user", "join_keys": [{ "name": "user_id", "datatype": "BYTES" }] }],
          "sources": [
            { "name": "clicks_push", "kind": "push" },
            { "name": "click_rows", "kind": "topic", "topic": "mlsystem.features", "filter": "view == 'clicks'", "columns": [
              { "name": "view", "datatype": "BYTES", "field": "feature_view" }, { "name": "user_id", "datatype": "BYTES", "field": "entity.user_id" },
              { "name": "at", "datatype": "TIMESTAMP", "field": "event_time" }, { "name": "amount", "datatype": "INT64", "field": "values.amount" },
              { "name": "item", "datatype": "BYTES", "field": "values.item" }] }],
          "feature_views": [{
            "name": "clicks", "entities": ["user"], "source": "clicks_push", "online": false,
            "features": [{ "name": "amount", "datatype": "INT64" }, { "name": "item", "datatype": "BYTES" }] }],
          "stream_feature_views": [{
            "name": "activity", "entities": ["user"], "source": "click_rows", "event_timestamp_column": "at",
            "watermark_delay_seconds": {{Text(delay)}}, "allowed_lateness_seconds": {{Text(lateness)}}, {{more}}
            "aggregations": [{{aggregations}}] }]
        }
        """;

    /// <summary>A push of clicks to the offline store.</summary>
    public static string Push(params IEnumerable<(string User, DateTimeOffset At, long? Amount, string? Item)> clicks) => System.Text.Json.JsonSerializer.Serialize(new
    {
        push_source_name = "clicks_push",
        to = "offline",
        df = new
        {
            user_id = clicks.Select(click => click.User),
            event_timestamp = clicks.Select(click => click.At),
            amount = clicks.Select(click => click.Amount),
            item = clicks.Select(click => click.Item),
        },
    });

    private static string Text(double seconds) => seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
