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
            // For no entity at all: nothing is read, and being refused for that would be the answer of a store that can be asked, too.
            var request = new GetOnlineFeaturesRequest { FeatureService = lineage.FeatureService, Version = lineage.FeatureServiceVersion ?? 0 };
            request.JoinKeys.AddRange(lineage.JoinKeys.Select(key => new Column { Name = key.Name, Bytes = new BytesValues() }));
            await client.GetAsync(request, cancellationToken);
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
