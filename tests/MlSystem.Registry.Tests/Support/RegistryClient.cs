using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace MlSystem.Registry.Tests.Support;

/// <summary>An answer of the registry.</summary>
public sealed record Answer(HttpStatusCode Status, JsonElement Body, string? ETag)
{
    public string ErrorCode => Body.GetProperty("error_code").GetString()!;

    public Answer Ok()
    {
        Assert.True((int)Status is 200 or 201, $"{(int)Status}: {Body}");
        return this;
    }

    public Answer Refused(string code, int status = 400)
    {
        Assert.Equal((status, code), ((int)Status, ErrorCode));
        Assert.NotEmpty(Body.GetProperty("message").GetString()!);
        return this;
    }
}

/// <summary>Speaks MLflow's and the native API as a client on the wire does.</summary>
public sealed class RegistryClient(HttpClient http)
{
    private const string Mlflow = "/api/2.0/mlflow/";
    private const string ArtifactPath = "/api/2.0/mlflow-artifacts/artifacts/";

    public static string Unique(string prefix) => $"{prefix}-{Guid.CreateVersion7():N}";

    public Task<Answer> PostAsync(string call, object body, HttpMethod? method = null) => SendAsync(method ?? HttpMethod.Post, Mlflow + call, body);

    public Task<Answer> GetAsync(string call) => SendAsync(HttpMethod.Get, Mlflow + call);

    public Task<Answer> NativeAsync(string path) => SendAsync(HttpMethod.Get, path);

    public async Task<Answer> SendAsync(HttpMethod method, string path, object? body = null, string? ifMatch = null, string? ifNoneMatch = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (ifNoneMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        }

        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new(response.StatusCode, text.Length == 0 ? default : JsonElement.Parse(text), response.Headers.ETag?.ToString());
    }

    public async Task<Answer> UploadAsync(string path, byte[] content)
    {
        using var body = new ByteArrayContent(content) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        using var response = await http.PutAsync(ArtifactPath + path, body);
        return new(response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync()), null);
    }

    public Task<byte[]> DownloadAsync(string path) => http.GetByteArrayAsync(ArtifactPath + path);

    public async Task<string> ExperimentAsync() =>
        (await PostAsync("experiments/create", new { name = Unique("exp") })).Ok().Body.GetProperty("experiment_id").GetString()!;

    /// <summary>A new run: its id and the path of its artifacts.</summary>
    public async Task<(string Id, string Artifacts)> RunAsync(string experimentId = "0")
    {
        var info = (await PostAsync("runs/create", new { experiment_id = experimentId, start_time = 1000 })).Ok().Body.GetProperty("run").GetProperty("info");
        return (info.GetProperty("run_id").GetString()!, info.GetProperty("artifact_uri").GetString()!["mlflow-artifacts:/".Length..]);
    }

    public async Task<string> ModelAsync()
    {
        var name = Unique("model");
        (await PostAsync("registered-models/create", new { name })).Ok();
        return name;
    }

    /// <summary>Uploads a model folder to a new run.</summary>
    public async Task<string> LogModelAsync(byte[] onnx, string signature, string? execution = null)
    {
        var (runId, artifacts) = await RunAsync();
        (await UploadAsync($"{artifacts}/model/model.onnx", onnx)).Ok();
        (await UploadAsync($"{artifacts}/model/signature.json", Encoding.UTF8.GetBytes(signature))).Ok();
        if (execution is not null)
        {
            (await UploadAsync($"{artifacts}/model/execution.json", Encoding.UTF8.GetBytes(execution))).Ok();
        }

        return runId;
    }

    /// <summary>Registers a folder of these files as the next version of a model, and waits for its validation.</summary>
    public async Task<JsonElement> RegisterAsync(string model, params (string Name, byte[] Content)[] files) => await ValidatedAsync(model, await CreateAsync(model, files));

    /// <summary>Registers a folder of these files as the next version of a model.</summary>
    public async Task<int> CreateAsync(string model, params (string Name, byte[] Content)[] files)
    {
        var (runId, artifacts) = await RunAsync();
        foreach (var (name, content) in files)
        {
            (await UploadAsync($"{artifacts}/model/{name}", content)).Ok();
        }

        return await VersionAsync(model, runId);
    }

    public async Task<int> VersionAsync(string model, string runId) =>
        int.Parse((await PostAsync("model-versions/create", new { name = model, source = $"runs:/{runId}/model", run_id = runId })).Ok()
            .Body.GetProperty("model_version").GetProperty("version").GetString()!);

    /// <summary>The version once its validation is over; versions are validated one after the other, so it may wait behind those of many other tests.</summary>
    public async Task<JsonElement> ValidatedAsync(string model, int version)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (true)
        {
            var body = (await NativeAsync($"/api/models/{model}/versions/{version}")).Ok().Body;
            if (body.GetProperty("status").GetString() != "pending")
            {
                return body;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }

    /// <summary>A servable version of a model.</summary>
    public async Task<int> ServableAsync(string model)
    {
        var version = await VersionAsync(model, await LogModelAsync(TinyModels.Identity(), TinyModels.IdentitySignature));
        var validated = await ValidatedAsync(model, version);
        Assert.True(validated.GetProperty("status").GetString() == "servable", validated.ToString());
        return version;
    }

    public async Task ChampionAsync(string model, int version) =>
        (await PostAsync("registered-models/alias", new { name = model, alias = "champion", version = version.ToString() })).Ok();

    public Task<Answer> PutEndpointAsync(string name, string model, int version, string? ifMatch = null, double weight = 1) =>
        SendAsync(HttpMethod.Put, $"/api/endpoints/{name}", new { variants = new[] { new { name = "a", model, version, weight, role = "live" } }, reason = "test" }, ifMatch);
}
