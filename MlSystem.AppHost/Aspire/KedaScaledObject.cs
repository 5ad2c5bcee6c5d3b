using Aspire.Hosting.Kubernetes.Resources;
using MlSystem.AppHost.Autoscaling;
using YamlDotNet.Serialization;

namespace MlSystem.AppHost.Aspire;

/// <summary>KEDA's <c>ScaledObject</c> (keda.sh/v1alpha1), which the publisher has no type for.</summary>
internal sealed class KedaScaledObject() : BaseKubernetesResource("keda.sh/v1alpha1", "ScaledObject")
{
    [YamlMember(Alias = "spec")]
    public Dictionary<string, object> Spec { get; set; } = [];

    public static KedaScaledObject Of(string name, string deployment, Scaling scaling, ScaleSources sources) => new()
    {
        Metadata = { Name = $"{name}-autoscaler" },
        Spec = new()
        {
            ["scaleTargetRef"] = new Dictionary<string, object> { ["name"] = deployment },
            ["minReplicaCount"] = scaling.MinReplicas,
            ["maxReplicaCount"] = scaling.MaxReplicas,
            ["advanced"] = Nested("horizontalPodAutoscalerConfig", Nested("behavior", Nested("scaleDown", Nested("stabilizationWindowSeconds", ScaleRules.CoolDownSeconds(scaling))))),
            ["triggers"] = ScaleRules.ForKeda(name, scaling, sources).Select(Trigger).ToList(),
        },
    };

    private static Dictionary<string, object> Nested(string name, object value) => new() { [name] = value };

    private static Dictionary<string, object> Trigger(ScaleRule rule)
    {
        var trigger = new Dictionary<string, object>
        {
            ["name"] = rule.Name,
            ["type"] = rule.Type,
            ["metadata"] = rule.Metadata.ToDictionary(),
        };
        if (rule.MetricType is not null)
        {
            trigger["metricType"] = rule.MetricType;
        }

        return trigger;
    }
}
