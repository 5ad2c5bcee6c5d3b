using Aspire.Hosting.Kubernetes;
using Aspire.Hosting.Kubernetes.Resources;
using MlSystem.AppHost.Autoscaling;

namespace MlSystem.AppHost.Aspire;

/// <summary>Completes what the Kubernetes publisher generates for a service.</summary>
internal static class KubernetesService
{
    /// <summary>Group of the user that .NET's container images run as: volumes are made writable for it.</summary>
    private const long AppGroup = 1654;

    public static void Complete(KubernetesResource resource, string name, Scaling scaling, DeployTarget target)
    {
        if (resource.Workload is not Deployment deployment)
        {
            return;
        }

        var pod = deployment.Spec.Template.Spec;
        pod.SecurityContext = new PodSecurityContextV1 { FsGroup = AppGroup, RunAsNonRoot = true };
        pod.TerminationGracePeriodSeconds = 45;
        foreach (var container in pod.Containers)
        {
            // Kubernetes wants the scheme in capitals.
            Array.ForEach([container.LivenessProbe, container.ReadinessProbe], probe => probe?.HttpGet?.Scheme = "HTTP");
        }

        if (scaling.IsFixed)
        {
            // It owns its volume: the old pod must be gone before the new one starts.
            deployment.Spec.Strategy = new DeploymentStrategyV1 { Type = "Recreate", RollingUpdate = null! };
            return;
        }

        // An upgrade of the chart must not undo what the autoscaler decided.
        deployment.Spec.Replicas = null;
        resource.AdditionalResources.Add(target.UseKeda
            ? KedaScaledObject.Of(name, deployment.Metadata.Name, scaling, target.Sources)
            : Autoscaler(name, deployment.Metadata.Name, scaling));
    }

    private static HorizontalPodAutoscalerV2 Autoscaler(string name, string deployment, Scaling scaling) => new()
    {
        Metadata = { Name = $"{name}-autoscaler" },
        Spec = new HorizontalPodAutoscalerSpecV2
        {
            ScaleTargetRef = new CrossVersionObjectReferenceV2 { ApiVersion = "apps/v1", Kind = "Deployment", Name = deployment, Metadata = null! },
            MinReplicas = scaling.MinReplicas,
            MaxReplicas = scaling.MaxReplicas,
            Metrics = { Cpu(scaling.CpuPercent ?? throw new InvalidOperationException($"Service '{name}' has no CPU target: publish it with Deploy:Autoscaler=keda.")) },
            Behavior = new HorizontalPodAutoscalerBehaviorV2
            {
                ScaleDown = new HpaScalingRulesV2 { StabilizationWindowSeconds = ScaleRules.CoolDownSeconds(scaling) },
                ScaleUp = null!,
            },
        },
    };

    /// <summary>Metric sources that are not used are null, else they are written as empty objects, which Kubernetes refuses.</summary>
    private static MetricSpecV2 Cpu(int percent) => new()
    {
        Type = "Resource",
        Resource = new ResourceMetricSourceV2 { Name = "cpu", Target = new MetricTargetV2 { Type = "Utilization", AverageUtilization = percent } },
        ContainerResource = null!,
        External = null!,
        Pods = null!,
        Object = null!,
    };
}
