using System.Net;
using System.Text.Json.Serialization;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.Clients;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Versions;

/// <summary>What inference reads from the registry.</summary>
public sealed class RegistryClient(HttpClient http)
{
    /// <summary>Beyond the time that a long poll waits by itself.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    /// <summary>The endpoints, as soon as they differ from those of an ETag or the time is over.</summary>
    /// <param name="etag">The ETag of the last answer; null asks for the current state at once.</param>
    /// <returns>Null when nothing changed within the time.</returns>
    public async Task<EndpointsSnapshot?> WatchAsync(string? etag, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, etag is null ? "api/endpoints" : $"api/endpoints?wait={wait.TotalSeconds:0}")
            .WithTimeout(wait + AnswerTime);
        if (etag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        }

        using var response = await http.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotModified)
        {
            return null;
        }

        response.EnsureSuccessStatusCode();
        var answer = await response.Content.ReadFromJsonAsync(RegistryJson.Default.EndpointsAnswer, cancellationToken);
        return new EndpointsSnapshot(answer?.Endpoints ?? [], response.Headers.ETag?.ToString());
    }

    /// <summary>One version, or null when the registry does not know it.</summary>
    public Task<VersionAnswer?> GetVersionAsync(VersionKey key, CancellationToken cancellationToken) =>
        GetAsync($"{VersionPath(key)}", RegistryJson.Default.VersionAnswer, cancellationToken);

    /// <summary>The newest servable version of a registered model, or null when there is none.</summary>
    public async Task<int?> NewestServableAsync(string model, CancellationToken cancellationToken)
    {
        var answer = await GetAsync($"api/models/{Uri.EscapeDataString(model)}/versions", RegistryJson.Default.VersionsAnswer, cancellationToken);
        return answer?.Versions.Where(version => version.Status == VersionAnswer.Servable).Select(version => (int?)version.Version).Max();
    }

    /// <summary>The public keys of the registry.</summary>
    public async Task<IReadOnlyList<SigningKeyAnswer>> SigningKeysAsync(CancellationToken cancellationToken) =>
        (await GetAsync("api/signing-keys", RegistryJson.Default.SigningKeysAnswer, cancellationToken))?.Keys ?? [];

    /// <summary>The bytes of one file of a version.</summary>
    public async Task DownloadAsync(VersionKey key, string path, Stream target, CancellationToken cancellationToken)
    {
        var file = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
        using var response = await http.GetAsync($"{VersionPath(key)}/files/{file}", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await response.Content.CopyToAsync(target, cancellationToken);
    }

    private static string VersionPath(VersionKey key) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"api/models/{Uri.EscapeDataString(key.Model)}/versions/{key.Version}");

    private async Task<T?> GetAsync<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        using var response = await http.GetAsync(path, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync(type, cancellationToken);
    }
}

/// <summary>The serving state as the registry told it.</summary>
public sealed record EndpointsSnapshot(IReadOnlyList<Endpoint> Endpoints, string? ETag);

/// <summary><c>GET /api/endpoints</c>.</summary>
public sealed record EndpointsAnswer(IReadOnlyList<Endpoint> Endpoints);

/// <summary><c>GET /api/models/{m}/versions</c>.</summary>
public sealed record VersionsAnswer(IReadOnlyList<VersionAnswer> Versions);

/// <summary><c>GET /api/signing-keys</c>.</summary>
public sealed record SigningKeysAnswer(IReadOnlyList<SigningKeyAnswer> Keys);

/// <param name="PublicKey">PEM.</param>
public sealed record SigningKeyAnswer(string PublicKey);

/// <summary><c>GET /api/models/{m}/versions/{v}</c>.</summary>
public sealed record VersionAnswer
{
    public const string Servable = "servable";

    public required string Model { get; init; }

    public required int Version { get; init; }

    /// <summary><c>pending</c>, <c>servable</c> or <c>refused</c>.</summary>
    public required string Status { get; init; }

    public string? Reason { get; init; }

    public ModelManifest? Manifest { get; init; }

    public ManifestSignature? ManifestSignature { get; init; }

    public ModelSignature? Signature { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(EndpointsAnswer))]
[JsonSerializable(typeof(VersionsAnswer))]
[JsonSerializable(typeof(VersionAnswer))]
[JsonSerializable(typeof(SigningKeysAnswer))]
internal sealed partial class RegistryJson : JsonSerializerContext;
