using System.Globalization;
using System.Net;
using System.Text.Json.Serialization.Metadata;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Clients;

/// <summary>What training asks of the registry: the MLflow tracking and model API, and the native one for serving state.</summary>
public sealed class RegistryClient(HttpClient http)
{
    private const string Service = "registry";
    private const string Mlflow = "/api/2.0/mlflow";
    private const string ArtifactScheme = "mlflow-artifacts:";
    private const string AlreadyExists = "RESOURCE_ALREADY_EXISTS";

    /// <summary>The experiment's id; created when there is none of that name.</summary>
    public async Task<string> EnsureExperimentAsync(string name, CancellationToken cancellationToken)
    {
        if (await FindExperimentAsync(name, cancellationToken) is { } found)
        {
            return found;
        }

        var created = await TryCreateAsync($"{Mlflow}/experiments/create", new NamedRequest(name), ClientJson.Default.NamedRequest, ClientJson.Default.ExperimentCreated, cancellationToken);
        return created?.ExperimentId
            ?? await FindExperimentAsync(name, cancellationToken)
            ?? throw new StepFailedException($"registry: experiment '{name}' exists but is not active.");
    }

    /// <summary>The tracked run that carries a tag, or null.</summary>
    public async Task<TrackedRun?> FindRunAsync(string experimentId, string tag, string value, CancellationToken cancellationToken)
    {
        var search = new SearchRunsRequest([experimentId], $"tags.`{tag}` = '{value}'", 1);
        return (await PostAsync($"{Mlflow}/runs/search", search, ClientJson.Default.SearchRunsRequest, ClientJson.Default.RunsAnswer, cancellationToken)).Runs is [var first, ..] ? first.Info : null;
    }

    public async Task<TrackedRun> CreateRunAsync(CreateRunRequest run, CancellationToken cancellationToken) =>
        (await PostAsync($"{Mlflow}/runs/create", run, ClientJson.Default.CreateRunRequest, ClientJson.Default.RunAnswer, cancellationToken)).Run.Info;

    public Task LogAsync(LogBatchRequest batch, CancellationToken cancellationToken) =>
        PostAsync($"{Mlflow}/runs/log-batch", batch, ClientJson.Default.LogBatchRequest, cancellationToken);

    public Task FinishRunAsync(string runId, DateTimeOffset end, CancellationToken cancellationToken) =>
        PostAsync($"{Mlflow}/runs/update", new UpdateRunRequest(runId, "FINISHED", end.ToUnixTimeMilliseconds()), ClientJson.Default.UpdateRunRequest, cancellationToken);

    /// <summary>Puts a file into a run's artifacts; the same file again changes nothing.</summary>
    /// <param name="path">Below the run's artifact folder, for instance <c>model/model.onnx</c>.</param>
    public async Task UploadAsync(TrackedRun run, string path, byte[] content, CancellationToken cancellationToken)
    {
        if (!run.ArtifactUri.StartsWith(ArtifactScheme, StringComparison.Ordinal))
        {
            throw new StepFailedException($"registry: run {run.RunId} keeps its artifacts at '{run.ArtifactUri}', which is not {ArtifactScheme}/…");
        }

        var folder = run.ArtifactUri[ArtifactScheme.Length..].Trim('/');
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/2.0/mlflow-artifacts/artifacts/{folder}/{path}") { Content = new ByteArrayContent(content) };
        using var response = await http.SendAsync(Service, request, cancellationToken);
    }

    public Task EnsureModelAsync(string name, CancellationToken cancellationToken) =>
        TryCreateAsync($"{Mlflow}/registered-models/create", new NamedRequest(name), ClientJson.Default.NamedRequest, ClientJson.Default.Ignored, cancellationToken);

    /// <summary>The model's version made by a tracked run, or null.</summary>
    public async Task<ModelVersion?> FindVersionAsync(string model, string runId, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/models/{Uri.EscapeDataString(model)}/versions");
        using var response = await http.SendAsync(Service, request, cancellationToken, HttpStatusCode.NotFound);
        return response.StatusCode == HttpStatusCode.NotFound
            ? null
            : (await response.ReadAsync(ClientJson.Default.VersionsAnswer, cancellationToken)).Versions.FirstOrDefault(v => v.RunId == runId);
    }

    public async Task<int> CreateVersionAsync(CreateVersionRequest version, CancellationToken cancellationToken)
    {
        var answer = await PostAsync($"{Mlflow}/model-versions/create", version, ClientJson.Default.CreateVersionRequest, ClientJson.Default.VersionCreated, cancellationToken);
        return int.Parse(answer.ModelVersion.Version, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    public async Task<ModelVersion> GetVersionAsync(string model, int version, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, VersionPath(model, version));
        using var response = await http.SendAsync(Service, request, cancellationToken);
        return await response.ReadAsync(ClientJson.Default.ModelVersion, cancellationToken);
    }

    /// <summary>The version that an alias names, or null when model or alias are unknown. Asked of the model, because the look-up of an alias answers 400 for more than one reason.</summary>
    public async Task<int?> FindAliasAsync(string model, string alias, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Mlflow}/registered-models/get?name={Uri.EscapeDataString(model)}");
        using var response = await http.SendAsync(Service, request, cancellationToken, HttpStatusCode.NotFound);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        var found = (await response.ReadAsync(ClientJson.Default.RegisteredModelAnswer, cancellationToken)).RegisteredModel.Aliases?.FirstOrDefault(a => a.Alias == alias);
        return found is null ? null : int.Parse(found.Version, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    public Task SetAliasAsync(string model, string alias, int version, CancellationToken cancellationToken) =>
        PostAsync($"{Mlflow}/registered-models/alias", new AliasRequest(model, alias, version.ToString(CultureInfo.InvariantCulture)), ClientJson.Default.AliasRequest, cancellationToken);

    /// <summary>A file of a version.</summary>
    public async Task<byte[]> DownloadAsync(string model, int version, string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{VersionPath(model, version)}/files/{path}");
        using var response = await http.SendAsync(Service, request, cancellationToken);
        return await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    /// <summary>A file of a version, or null when it has none of that name.</summary>
    public async Task<byte[]?> FindFileAsync(string model, int version, string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{VersionPath(model, version)}/files/{path}");
        using var response = await http.SendAsync(Service, request, cancellationToken, HttpStatusCode.NotFound);
        return response.StatusCode == HttpStatusCode.NotFound ? null : await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    private static string VersionPath(string model, int version) =>
        string.Create(CultureInfo.InvariantCulture, $"/api/models/{Uri.EscapeDataString(model)}/versions/{version}");

    private async Task<string?> FindExperimentAsync(string name, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Mlflow}/experiments/get-by-name?experiment_name={Uri.EscapeDataString(name)}");
        using var response = await http.SendAsync(Service, request, cancellationToken, HttpStatusCode.NotFound);
        return response.StatusCode == HttpStatusCode.NotFound ? null : (await response.ReadAsync(ClientJson.Default.ExperimentAnswer, cancellationToken)).Experiment.ExperimentId;
    }

    private async Task<TAnswer> PostAsync<TRequest, TAnswer>(
        string path, TRequest body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, requestType) };
        using var response = await http.SendAsync(Service, request, cancellationToken);
        return await response.ReadAsync(answerType, cancellationToken);
    }

    private async Task PostAsync<TRequest>(string path, TRequest body, JsonTypeInfo<TRequest> requestType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, requestType) };
        using var response = await http.SendAsync(Service, request, cancellationToken);
    }

    /// <returns>The answer, or null when it exists already.</returns>
    private async Task<TAnswer?> TryCreateAsync<TRequest, TAnswer>(
        string path, TRequest body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken)
        where TAnswer : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, requestType) };
        using var response = await http.SendAsync(Service, request, cancellationToken, HttpStatusCode.BadRequest, HttpStatusCode.Conflict);
        if (response.IsSuccessStatusCode)
        {
            return await response.ReadAsync(answerType, cancellationToken);
        }

        var error = await response.ReadAsync(ClientJson.Default.MlflowError, cancellationToken);
        return error.ErrorCode == AlreadyExists ? null : throw new StepFailedException($"registry: {path}: {error.ErrorCode}: {error.Message}");
    }
}
