using Grpc.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using MlSystem.Features.V1;
using MlSystem.Inference.Routing;

namespace MlSystem.Inference.Features;

/// <summary>Degraded while a served version has a feature service and the feature store can't be asked for it.</summary>
internal sealed class FeaturesHealth(ServingState state, FeatureClient client) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var lineage = state.Table.Endpoints.Values.SelectMany(route => route.Live).Select(live => live.Version.Lineage).FirstOrDefault(lineage => lineage?.FeatureService is not null);
        if (lineage is null)
        {
            return HealthCheckResult.Healthy("no served version looks features up");
        }

        try
        {
            // Without join keys nothing is read: being refused for that is the answer of a store that can be asked.
            await client.GetAsync(new GetOnlineFeaturesRequest { FeatureService = lineage.FeatureService, Version = lineage.FeatureServiceVersion ?? 0 }, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.InvalidArgument)
        {
            return HealthCheckResult.Healthy();
        }
        catch (RpcException error)
        {
            return HealthCheckResult.Degraded($"the feature store can't be asked ({error.StatusCode}: {error.Status.Detail}); requests that bring all inputs are served");
        }
    }
}
