using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MlSystem.Training.Tests.Doubles;

namespace MlSystem.Training.Tests.Pipelines;

/// <summary>A small pipeline over 400 customers whose label is their tenure with noise.</summary>
internal static class Documents
{
    private const int Rows = 400;

    private const string Definitions = """
        {"entities":[{"name":"customer","join_keys":[{"name":"customer_id","datatype":"BYTES"}]}],
         "feature_views":[{"name":"profile","entities":["customer"],"event_timestamp_column":"event_timestamp","online":true,"offline":true,
           "features":[{"name":"tenure","datatype":"FP32"},{"name":"contract","datatype":"BYTES"}]}],
         "feature_services":[{"name":"small_v1","features":[{"view":"profile"}]}]}
        """;

    public static JsonObject Valid => JsonNode.Parse($$"""
        {
          "source": { "feature_service": "small_v1", "labels": { "table": {{Labels()}}, "label_column": "churn" } },
          "validation": { "min_rows": 100, "label_classes": ["No", "Yes"] },
          "split": { "kind": "hash", "test_share": 0.3, "seed": 3 },
          "trainer": { "kind": "linear", "task": "binary_classification", "seed": 1, "parameters": { "l2": 0.5 } },
          "evaluation": { "metrics": ["auc", "log_loss"] },
          "gate": { "thresholds": [{ "metric": "auc", "min": 0.7 }], "champion": { "level": 0.05 } },
          "register": { "model": "small", "alias": "champion" }
        }
        """)!.AsObject();

    public static JsonObject Without(string key)
    {
        var document = Valid;
        document.Remove(key);
        return document;
    }

    /// <summary>Puts the rows into the feature store double.</summary>
    public static async Task PrepareAsync(World world)
    {
        using var http = new HttpClient { BaseAddress = new Uri(world.Features.Address) };
        await http.SendAsync(HttpMethod.Post, "/api/apply", Definitions);
        var csv = new StringBuilder("customer_id,event_timestamp,tenure,contract\n");
        foreach (var row in Enumerable.Range(0, Rows))
        {
            csv.Append(CultureInfo.InvariantCulture, $"c{row:000},{Time(row)},{row % 70},{(row % 3 == 0 ? "yearly" : "monthly")}\n");
        }

        using var content = new StringContent(csv.ToString(), Encoding.UTF8, "text/csv");
        (await http.PostAsync(new Uri("/api/feature-views/profile/rows", UriKind.Relative), content)).EnsureSuccessStatusCode();
    }

    private static string Labels() => new JsonObject
    {
        ["customer_id"] = Column(row => FormattableString.Invariant($"c{row:000}")),
        ["event_timestamp"] = Column(Time),
        ["churn"] = Column(row => (row % 70) + (row * 7919 % 41) < 50 ? "Yes" : "No"),
    }.ToJsonString();

    private static JsonArray Column(Func<int, string> value) => [.. Enumerable.Range(0, Rows).Select(row => (JsonNode)value(row))];

    private static string Time(int row) => new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddHours(row).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
