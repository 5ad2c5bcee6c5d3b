using System.Text.Json;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>Short hands for explain requests.</summary>
public static class ExplainRequests
{
    public static async Task<(int Status, JsonElement Body)> ExplainAsync(this InferenceServer server, string model, string body)
    {
        using var response = await server.Http.PostAsync($"/v2/models/{model}/explain", Requests.Json(body));
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return ((int)response.StatusCode, json.RootElement.Clone());
    }

    /// <summary>Contributions of one explained row by column.</summary>
    public static Dictionary<string, double> Contributions(this JsonElement answer, int row = 0) =>
        answer.GetProperty("explanations")[row].GetProperty("contributions").EnumerateArray()
            .ToDictionary(c => c.GetProperty("column").GetString()!, c => c.GetProperty("contribution").GetDouble(), StringComparer.Ordinal);

    public static double Number(this JsonElement answer, string name, int row = 0) => answer.GetProperty("explanations")[row].GetProperty(name).GetDouble();
}
