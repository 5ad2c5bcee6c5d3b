using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>Endpoints that spool their body to disk take more than others.</summary>
internal sealed record UploadLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata
{
    public static UploadLimit Of(IEndpointRouteBuilder routes) =>
        new(routes.ServiceProvider.GetRequiredService<IOptions<FeatureStoreOptions>>().Value.MaxUploadBytes);
}
