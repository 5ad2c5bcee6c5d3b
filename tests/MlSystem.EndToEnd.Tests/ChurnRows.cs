using System.Text.Json.Nodes;
using MlSystem.Testing;

namespace MlSystem.EndToEnd.Tests;

/// <summary>Rows of the churn sample as inference requests.</summary>
internal static class ChurnRows
{
    private static readonly string[] Text =
    [
        "multiple_lines", "internet_service", "online_security", "online_backup", "device_protection", "tech_support",
        "streaming_tv", "streaming_movies", "contract", "payment_method",
    ];

    private static readonly string[][] Lines =
        [.. File.ReadLines(Path.Combine(Golden.RepositoryRoot(), "samples", "churn", "churn.csv")).Select(line => line.Split(','))];

    public static string CustomerId(int row) => Lines[row + 1][0];

    /// <summary>An Open Inference Protocol request with every raw column of some rows (from 0).</summary>
    public static JsonObject RawRequest(params int[] rows) => Request(
        Lines[0].Skip(3).Select((name, index) => Column(
            name, Text.Contains(name) ? "BYTES" : "FP32", [.. rows.Select(row => Value(name, Lines[row + 1][index + 3]))])));

    /// <summary>A request with nothing but the join key.</summary>
    public static JsonObject KeyRequest(params int[] rows) =>
        Request([Column("customer_id", "BYTES", [.. rows.Select(row => (JsonNode?)CustomerId(row))])]);

    public static JsonObject Request(IEnumerable<JsonNode> inputs) => new() { ["inputs"] = new JsonArray([.. inputs]) };

    public static JsonObject Column(string name, string datatype, JsonNode?[] data) => new()
    {
        ["name"] = name,
        ["datatype"] = datatype,
        ["shape"] = new JsonArray(data.Length),
        ["data"] = new JsonArray(data),
    };

    private static JsonNode? Value(string name, string text) =>
        text.Length == 0 ? null : Text.Contains(name) ? text : double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
