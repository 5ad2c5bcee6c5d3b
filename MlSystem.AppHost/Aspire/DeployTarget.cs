using Aspire.Hosting.Kubernetes;
using MlSystem.AppHost.Autoscaling;

namespace MlSystem.AppHost.Aspire;

/// <summary>Where the system is published to: <c>Deploy:Target</c>.</summary>
internal enum TargetKind
{
    /// <summary>Run on this machine, or write the bare manifest.</summary>
    None,
    Kubernetes,
    Compose,
    ContainerApps,
}

/// <summary>The chosen target and what its autoscale rules ask.</summary>
internal sealed record DeployTarget(TargetKind Kind, ScaleSources Sources, bool UseKeda);

internal static class DeployTargetExtensions
{
    /// <summary>
    /// Adds the environment of the chosen target and of no other: a publisher's customisation without its environment fails.
    /// <c>Deploy:Target</c> is <c>kubernetes</c>, <c>compose</c> or <c>aca</c>; <c>Deploy:Autoscaler</c> is <c>hpa</c> (default) or <c>keda</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">A setting has a value that is not known.</exception>
    public static DeployTarget AddDeployTarget(this IDistributedApplicationBuilder builder)
    {
        var kind = builder.Configuration["Deploy:Target"] switch
        {
            null or "" => TargetKind.None,
            "kubernetes" => TargetKind.Kubernetes,
            "compose" => TargetKind.Compose,
            "aca" => TargetKind.ContainerApps,
            var unknown => throw new InvalidOperationException($"Deploy:Target '{unknown}' is not known; allowed are kubernetes, compose and aca."),
        };
        switch (kind)
        {
            case TargetKind.Kubernetes: builder.AddKubernetesEnvironment("k8s").WithProperties(Describe); break;
            case TargetKind.Compose: builder.AddDockerComposeEnvironment("compose"); break;
            case TargetKind.ContainerApps: builder.AddAzureContainerAppEnvironment("aca"); break;
        }

        var sources = new ScaleSources(builder.Configuration["Deploy:Kafka"] ?? "kafka-service:9092", builder.Configuration["Deploy:Prometheus"]);
        return new DeployTarget(kind, sources, UsesKeda(builder.Configuration["Deploy:Autoscaler"]));
    }

    private static void Describe(KubernetesEnvironmentResource environment)
    {
        environment.HelmChartName = "mlsystem";
        environment.HelmChartDescription = "Real-time machine learning";
        environment.DefaultStorageType = "pvc";
        environment.DefaultStorageSize = "10Gi";
    }

    private static bool UsesKeda(string? autoscaler) => autoscaler switch
    {
        null or "" or "hpa" => false,
        "keda" => true,
        var unknown => throw new InvalidOperationException($"Deploy:Autoscaler '{unknown}' is not known; allowed are hpa and keda."),
    };
}
