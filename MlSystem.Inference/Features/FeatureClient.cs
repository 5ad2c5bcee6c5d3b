using MlSystem.Features.V1;

namespace MlSystem.Inference.Features;

/// <summary>The feature store's online reads.</summary>
public sealed class FeatureClient
{
    private readonly FeatureStore.FeatureStoreClient _client;

    internal FeatureClient(FeatureStore.FeatureStoreClient client) => _client = client;

    internal async Task<GetOnlineFeaturesResponse> GetAsync(GetOnlineFeaturesRequest request, CancellationToken cancellationToken) =>
        await _client.GetOnlineFeaturesAsync(request, cancellationToken: cancellationToken);
}
