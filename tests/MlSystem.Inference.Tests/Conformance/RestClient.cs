using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>The protocol over HTTP; how tensors travel is left to the two forms of it.</summary>
public abstract class RestClient(InferenceServer server) : OipClient(server)
{
    public override async Task<bool> IsLiveAsync() => (await GetAsync("/v2/health/live")).GetProperty("live").GetBoolean();

    public override async Task<bool> IsReadyAsync() => (await GetAsync("/v2/health/ready")).GetProperty("ready").GetBoolean();

    public override async Task<bool> IsModelReadyAsync(string model, string? version)
    {
        using var response = await Server.Http.GetAsync(Path(model, version) + "/ready");
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            return false;
        }

        return (await BodyAsync(response)).GetProperty("ready").GetBoolean();
    }

    public override async Task<OipServerInfo> ServerAsync()
    {
        var body = await GetAsync("/v2");
        return new OipServerInfo(body.GetProperty("name").GetString()!, body.GetProperty("version").GetString()!, Texts(body.GetProperty("extensions")));
    }

    public override async Task<OipModelInfo> ModelAsync(string model, string? version)
    {
        var body = await GetAsync(Path(model, version));
        return new OipModelInfo(
            body.GetProperty("name").GetString()!, Texts(body.GetProperty("versions")), body.GetProperty("platform").GetString()!,
            Tensors(body.GetProperty("inputs")), Tensors(body.GetProperty("outputs")));
    }

    public override async Task<IReadOnlyList<(string Name, string Version, string State)>> IndexAsync(bool readyOnly)
    {
        var body = await PostAsync("/v2/repository/index", readyOnly ? """{"ready":true}""" : "{}");
        return [.. body.EnumerateArray().Select(entry => (entry.GetProperty("name").GetString()!, entry.GetProperty("version").GetString()!, entry.GetProperty("state").GetString()!))];
    }

    public override Task LoadAsync(string model) => PostAsync($"/v2/repository/models/{model}/load", "{}");

    public override Task UnloadAsync(string model) => PostAsync($"/v2/repository/models/{model}/unload", "{}");

    public override async Task<(long Inferences, long Executions, long Successes)> StatisticsAsync(string model, string? version)
    {
        var body = await GetAsync(Path(model, version) + "/stats");
        var stats = body.GetProperty("model_stats").EnumerateArray().ToList();
        return (stats.Sum(s => s.GetProperty("inference_count").GetInt64()), stats.Sum(s => s.GetProperty("execution_count").GetInt64()),
            stats.Sum(s => s.GetProperty("inference_stats").GetProperty("success").GetProperty("count").GetInt64()));
    }

    public override async Task<OipAnswer> InferAsync(OipRequest request)
    {
        using var content = Content(request);
        using var response = await Server.Http.PostAsync(Path(request.Model, request.Version) + "/infer", content);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        if (!response.IsSuccessStatusCode)
        {
            throw await RefusalAsync(response);
        }

        var length = response.Headers.TryGetValues("Inference-Header-Content-Length", out var values) ? int.Parse(values.Single(), CultureInfo.InvariantCulture) : bytes.Length;
        using var json = JsonDocument.Parse(bytes.AsMemory(0, length));
        var body = json.RootElement;
        return new OipAnswer(
            body.GetProperty("model_name").GetString()!, body.GetProperty("model_version").GetString()!,
            body.TryGetProperty("id", out var id) ? id.GetString() : null,
            body.GetProperty("parameters").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.ToString(), StringComparer.Ordinal),
            Outputs(body.GetProperty("outputs"), bytes.AsSpan(length)));
    }

    protected abstract HttpContent Content(OipRequest request);

    protected abstract IReadOnlyList<OipTensor> Outputs(JsonElement outputs, ReadOnlySpan<byte> binary);

    /// <summary>Everything of a request's JSON but the inputs, each field with a comma behind it.</summary>
    protected static string Head(OipRequest request, string? parameters)
    {
        string?[] all =
        [
            parameters,
            request.TimeoutMicroseconds is { } timeout ? string.Create(CultureInfo.InvariantCulture, $"\"timeout\":{timeout}") : null,
            request.Priority is { } priority ? string.Create(CultureInfo.InvariantCulture, $"\"priority\":{priority}") : null,
            request.UnknownParameter is { } unknown ? $"\"{unknown}\":1" : null,
        ];
        var given = string.Join(',', all.Where(parameter => parameter is not null));
        return (request.Id is null ? "" : $"\"id\":{JsonSerializer.Serialize(request.Id)},")
            + (given.Length == 0 ? "" : $"\"parameters\":{{{given}}},")
            + (request.Outputs is null ? "" : $"\"outputs\":[{string.Join(',', request.Outputs.Select(name => $"{{\"name\":\"{name}\"}}"))}],");
    }

    protected static string Fields(OipTensor input) => $"\"name\":\"{input.Name}\",\"datatype\":\"{input.Datatype}\",\"shape\":[{string.Join(',', input.Shape)}]";

    private static string Path(string model, string? version) => $"/v2/models/{model}" + (version is null ? "" : $"/versions/{version}");

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetString()!)];

    private static (string, string, string)[] Tensors(JsonElement array) =>
        [.. array.EnumerateArray().Select(item => (item.GetProperty("name").GetString()!, item.GetProperty("datatype").GetString()!, string.Join(',', item.GetProperty("shape").EnumerateArray())))];

    private async Task<JsonElement> GetAsync(string path)
    {
        using var response = await Server.Http.GetAsync(path);
        return await BodyAsync(response);
    }

    private async Task<JsonElement> PostAsync(string path, string body)
    {
        using var response = await Server.Http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        return await BodyAsync(response);
    }

    private static async Task<JsonElement> BodyAsync(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw await RefusalAsync(response);
        }

        var text = await response.Content.ReadAsStringAsync();
        using var json = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
        return json.RootElement.Clone();
    }

    /// <summary>Fails itself when the body is not the protocol's <c>{"error": "…"}</c>.</summary>
    private static async Task<OipRefusedException> RefusalAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        using var json = JsonDocument.Parse(text);
        Assert.Equal(["error"], json.RootElement.EnumerateObject().Select(property => property.Name));
        var fault = response.StatusCode switch
        {
            HttpStatusCode.BadRequest => OipFault.Invalid,
            HttpStatusCode.NotFound => OipFault.NotFound,
            HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.TooManyRequests => OipFault.Exhausted,
            HttpStatusCode.ServiceUnavailable => OipFault.Unavailable,
            HttpStatusCode.GatewayTimeout => OipFault.Timeout,
            _ => OipFault.Internal,
        };
        return new OipRefusedException(fault, json.RootElement.GetProperty("error").GetString()!);
    }
}
