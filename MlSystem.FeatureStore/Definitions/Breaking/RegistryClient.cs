using System.Net;
using System.Text.Json.Serialization;
using MlSystem.ServiceDefaults.Clients;

namespace MlSystem.FeatureStore.Definitions.Breaking;

/// <summary>The registry could not be asked what serves.</summary>
public sealed class RegistryUnreachableException(string message, Exception inner) : Exception(message, inner);

/// <summary>Asks the registry which feature services the endpoints' versions are bound to.</summary>
public sealed class RegistryClient(HttpClient http)
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

    /// <summary>Feature service and version (null: the newest) → who is bound to it, as <c>endpoint: model version 3</c>.</summary>
    /// <exception cref="RegistryUnreachableException">It does not answer.</exception>
    public async Task<ILookup<(string Service, int? Version), string>> BoundAsync(CancellationToken cancellationToken)
    {
        try
        {
            var endpoints = (await GetAsync("api/endpoints", BoundJson.Default.BoundEndpoints, cancellationToken))?.Endpoints ?? [];
            var lineages = new Dictionary<(string, int), BoundLineage?>();
            foreach (var variant in endpoints.SelectMany(endpoint => endpoint.Variants).Distinct())
            {
                var path = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"api/models/{Uri.EscapeDataString(variant.Model)}/versions/{variant.Version}");
                lineages[(variant.Model, variant.Version)] = (await GetAsync(path, BoundJson.Default.BoundVersion, cancellationToken))?.Lineage;
            }

            return (from endpoint in endpoints
                    from variant in endpoint.Variants
                    let lineage = lineages[(variant.Model, variant.Version)]
                    where lineage?.FeatureService is not null
                    select (Key: (lineage.FeatureService!, lineage.FeatureServiceVersion), User: $"{endpoint.Name}: {variant.Model} version {variant.Version}"))
                .Distinct().ToLookup(bound => bound.Key, bound => bound.User);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new RegistryUnreachableException($"The registry does not tell which endpoints are live ({error.GetType().Name}).", error);
        }
    }

    private async Task<T?> GetAsync<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path).WithTimeout(AnswerTime);
        using var response = await http.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync(type, cancellationToken);
    }
}

internal sealed record BoundEndpoints(IReadOnlyList<BoundEndpoint> Endpoints);

internal sealed record BoundEndpoint(string Name, IReadOnlyList<BoundVariant> Variants);

internal sealed record BoundVariant(string Model, int Version);

internal sealed record BoundVersion(BoundLineage? Lineage);

internal sealed record BoundLineage(string? FeatureService, int? FeatureServiceVersion);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BoundEndpoints))]
[JsonSerializable(typeof(BoundVersion))]
internal sealed partial class BoundJson : JsonSerializerContext;
