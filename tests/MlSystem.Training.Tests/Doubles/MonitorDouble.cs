using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace MlSystem.Training.Tests.Doubles;

/// <summary>Monitor as training needs it: pages of labelled predictions, and their number.</summary>
internal sealed class MonitorDouble : ServiceDouble
{
    private const int Page = 150;

    /// <summary>Predictions of the endpoint <c>live</c>, all labelled.</summary>
    public List<JsonObject> Predictions { get; } = [];

    public long Labelled { get; set; }

    public static JsonObject Prediction(int row, string role, JsonObject inputs, JsonNode label) => new()
    {
        ["prediction_id"] = FormattableString.Invariant($"r{row}/0"),
        ["role"] = role,
        ["time"] = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(row).ToString("O", CultureInfo.InvariantCulture),
        ["inputs"] = inputs,
        ["join_keys"] = new JsonObject { ["customer_id"] = FormattableString.Invariant($"c{row}") },
        ["outputs"] = new JsonObject(),
        ["label"] = label,
    };

    protected override void Map(WebApplication app)
    {
        app.MapGet("/api/endpoints/{endpoint}/predictions", (string endpoint, bool labelled, int limit, DateTimeOffset to, string? cursor) =>
        {
            if (endpoint != "live")
            {
                return Results.Problem($"No prediction or feedback of endpoint '{endpoint}' was seen.", statusCode: 404);
            }

            var start = cursor is null ? 0 : int.Parse(cursor, CultureInfo.InvariantCulture);
            var page = new JsonObject { ["rows"] = new JsonArray([.. Predictions.Skip(start).Take(Page).Select(p => p.DeepClone())]) };
            if (start + Page < Predictions.Count)
            {
                page["next_cursor"] = (start + Page).ToString(CultureInfo.InvariantCulture);
            }

            return labelled && limit > 0 ? Results.Text(page.ToJsonString(), "application/json") : Results.Problem("labelled and limit", statusCode: 400);
        });
        app.MapGet("/api/endpoints/{endpoint}/performance", (string endpoint) => endpoint == "live"
            ? Results.Json(new { endpoint, versions = new[] { new { role = "live", labelled = Labelled }, new { role = "shadow", labelled = 1000L } }, feedback_waiting = 0 }, Strict)
            : Results.Problem("unknown", statusCode: 404));
    }
}
