using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace MlSystem.EndToEnd.Tests;

/// <summary>The Open Inference Protocol over HTTP, as a client sees it.</summary>
internal static class Inference
{
    public static async Task<JsonNode> PostAsync(HttpClient client, string endpoint, JsonObject request)
    {
        var answer = await client.PostAsJsonAsync($"/v2/models/{endpoint}/infer", request);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode}: {body}");
        return JsonNode.Parse(body)!;
    }

    /// <summary>The flat numbers of one output.</summary>
    public static double[] Output(JsonNode answer, string name)
    {
        var output = answer["outputs"]!.AsArray().Single(candidate => (string?)candidate!["name"] == name);
        return [.. Flatten(output!["data"]!)];
    }

    private static IEnumerable<double> Flatten(JsonNode node) =>
        node is JsonArray items ? items.SelectMany(item => Flatten(item!)) : [(double)node];
}
