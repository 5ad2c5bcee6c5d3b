namespace MlSystem.FeatureStore.Tests;

/// <summary>Definitions and bodies that several tests share.</summary>
public static class Samples
{
    /// <summary>Drivers with hourly statistics (10 minutes to live), a view of every datatype, and a view with a composite key.</summary>
    public const string Definitions = """
        {
          "entities": [
            { "name": "driver", "join_keys": [{ "name": "driver_id", "datatype": "INT64" }] },
            { "name": "city", "join_keys": [{ "name": "city", "datatype": "BYTES" }] }
          ],
          "sources": [{ "name": "stats_push", "kind": "push" }],
          "feature_views": [
            {
              "name": "hourly", "entities": ["driver"], "source": "stats_push", "ttl_seconds": 600, "created_timestamp_column": "created",
              "features": [{ "name": "trips", "datatype": "INT32" }, { "name": "rate", "datatype": "FP64" }, { "name": "tier", "datatype": "BYTES" }]
            },
            {
              "name": "wide", "entities": ["driver"],
              "features": [
                { "name": "b", "datatype": "BOOL" }, { "name": "i", "datatype": "INT32" }, { "name": "l", "datatype": "INT64" },
                { "name": "f", "datatype": "FP32" }, { "name": "d", "datatype": "FP64" }, { "name": "s", "datatype": "BYTES" }
              ]
            },
            { "name": "local", "entities": ["driver", "city"], "features": [{ "name": "visits", "datatype": "INT64" }] }
          ],
          "feature_services": [
            { "name": "stats", "features": [{ "view": "hourly", "features": ["rate", "trips"] }, { "view": "wide", "features": ["s"] }] }
          ]
        }
        """;

    public static string Push(string to, params (long Driver, string Event, string Created, string Trips, string Rate, string Tier)[] rows) => $$"""
        {
          "push_source_name": "stats_push", "to": "{{to}}",
          "df": {
            "driver_id": [{{string.Join(',', rows.Select(row => row.Driver))}}],
            "event_timestamp": [{{string.Join(',', rows.Select(row => $"\"{row.Event}\""))}}],
            "created": [{{string.Join(',', rows.Select(row => $"\"{row.Created}\""))}}],
            "trips": [{{string.Join(',', rows.Select(row => row.Trips))}}],
            "rate": [{{string.Join(',', rows.Select(row => row.Rate))}}],
            "tier": [{{string.Join(',', rows.Select(row => row.Tier))}}]
          }
        }
        """;

    public static string Push(long driver, string eventTime, int trips, string created = "2026-03-01T12:00:00Z", string to = "online_and_offline") =>
        Push(to, (driver, eventTime, created, trips.ToString(System.Globalization.CultureInfo.InvariantCulture), "0.5", "\"gold\""));

    public const string ReadTrips = """{"features":["hourly:trips"],"entities":{"driver_id":[1]}}""";
}
