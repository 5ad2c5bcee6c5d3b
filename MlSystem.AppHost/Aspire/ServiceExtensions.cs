using MlSystem.AppHost.Autoscaling;

namespace MlSystem.AppHost.Aspire;

/// <summary>What every service has in common: endpoints, probes, keys, files, scaling.</summary>
internal static class ServiceExtensions
{
    /// <summary>Home of the user that .NET's container images run as: a fresh volume mounted there is writable for it.</summary>
    private const string Home = "/home/app";

    private static readonly string[] WithGrpc = ["gateway", "inference", "features"];
    private static readonly string[] WithVolume = ["registry", "features", "training", "monitor"];

    public static IResourceBuilder<ProjectResource> AddService<TProject>(
        this IDistributedApplicationBuilder builder, string name, DeployTarget target, ApiKeys? keys)
        where TProject : IProjectMetadata, new() => builder.AddProject<TProject>(name)
        .WithServiceEndpoints(target)
        .WithHttpProbe(ProbeType.Liveness, "/alive", endpointName: "http")
        .WithHttpProbe(ProbeType.Readiness, "/health", endpointName: "http")
        .WithUrlForEndpoint("http", url => url.DisplayText = name == "gateway" ? "Status" : "HTTP")
        .WithApiKeys(keys)
        .WithFiles()
        .WithScaling(target, ServiceScaling.Of(name));

    /// <summary>The gateway keeps its documented ports on a developer's machine and under Compose; everything else is assigned.</summary>
    private static IResourceBuilder<ProjectResource> WithServiceEndpoints(this IResourceBuilder<ProjectResource> service, DeployTarget target)
    {
        var isGateway = service.Resource.Name == "gateway";
        var documented = isGateway && (service.ApplicationBuilder.ExecutionContext.IsRunMode || target.Kind == TargetKind.Compose);
        service
            .WithHttpEndpoint(port: documented ? 8080 : null, name: "http")
            .WithEndpoint("http", endpoint => endpoint.IsExternal = isGateway);
        return !WithGrpc.Contains(service.Resource.Name, StringComparer.Ordinal) ? service : service
            .WithHttpEndpoint(port: documented ? 8081 : null, name: "grpc", env: "GRPC_PORT")
            .WithEndpoint("grpc", endpoint =>
            {
                endpoint.Transport = "http2";

                // Container Apps opens one port of an app to the outside.
                endpoint.IsExternal = isGateway && target.Kind != TargetKind.ContainerApps;
            });
    }

    /// <summary>Deployed, a volume for what the service keeps as files; without one it has only what it can fetch again.</summary>
    private static IResourceBuilder<ProjectResource> WithFiles(this IResourceBuilder<ProjectResource> service)
    {
        var name = service.Resource.Name;
        if (service.ApplicationBuilder.ExecutionContext.IsRunMode)
        {
            return service.WithEnvironment("MlSystem__DataDirectory", Path.Combine(service.ApplicationBuilder.AppHostDirectory, ".mlsystem"));
        }

        service.WithEnvironment("MlSystem__DataDirectory", $"{Home}/mlsystem");

        // Every publisher turns this annotation into its own kind of volume, on projects as on containers.
        return WithVolume.Contains(name, StringComparer.Ordinal)
            ? service.WithAnnotation(new ContainerMountAnnotation($"mlsystem-{name}", Home, ContainerMountType.Volume, isReadOnly: false))
            : service;
    }

    /// <summary>Replicas only where deployed: on one machine they would share, and lock, one data directory.</summary>
    private static IResourceBuilder<ProjectResource> WithScaling(this IResourceBuilder<ProjectResource> service, DeployTarget target, Scaling scaling)
    {
        if (service.ApplicationBuilder.ExecutionContext.IsRunMode)
        {
            return service;
        }

        var name = service.Resource.Name;
        service.WithReplicas(scaling.MinReplicas);
        return target.Kind switch
        {
            TargetKind.Kubernetes => service.PublishAsKubernetesService(resource => KubernetesService.Complete(resource, name, scaling, target)),
            TargetKind.Compose => service.PublishAsDockerComposeService((_, container) => container.Deploy = new() { Replicas = scaling.MinReplicas }),
            TargetKind.ContainerApps => service.PublishAsAzureContainerApp((_, app) => ContainerAppScaling.Apply(app, scaling, target.Sources)),
            _ => service,
        };
    }
}
