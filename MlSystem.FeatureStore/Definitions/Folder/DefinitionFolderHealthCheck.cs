using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlSystem.FeatureStore.Definitions.Folder;

/// <summary>Tells what is wrong with the files of definitions.</summary>
public sealed class DefinitionFolderHealthCheck(DefinitionFolder folder) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(folder.Problem is { } problem ? HealthCheckResult.Degraded(problem) : HealthCheckResult.Healthy());
}
