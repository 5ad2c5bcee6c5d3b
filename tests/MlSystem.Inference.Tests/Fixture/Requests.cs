using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MlSystem.Inference.Tests.Fixture;

/// <summary>Short hands for HTTP requests.</summary>
public static class Requests
{
    public static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    public static string LinearBody(float x) => string.Create(CultureInfo.InvariantCulture, $$"""{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[{{x:R}},0,0]}]}""");

    public static async Task<(int Status, JsonElement Body)> InferAsync(this InferenceServer server, string model, string body)
    {
        using var response = await server.Http.PostAsync($"/v2/models/{model}/infer", Json(body));
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return ((int)response.StatusCode, json.RootElement.Clone());
    }

    public static float Prediction(this JsonElement body) => body.GetProperty("outputs")[0].GetProperty("data")[0].GetSingle();

    public static string Error(this JsonElement body) => body.GetProperty("error").GetString()!;

    public static string RequestId(this JsonElement body) => body.GetProperty("parameters").GetProperty("request_id").GetString()!;

    /// <summary>Asks until it is so; the time only bounds a failing test.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> isSo, int seconds = 60)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!await isSo())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
    }
}
