using Azure.Provisioning.AppContainers;
using MlSystem.AppHost.Autoscaling;

namespace MlSystem.AppHost.Aspire;

/// <summary>Scale rules of an Azure container app.</summary>
internal static class ContainerAppScaling
{
    public static void Apply(ContainerApp app, Scaling scaling, ScaleSources sources)
    {
        app.Template.Scale.MinReplicas = scaling.MinReplicas;
        app.Template.Scale.MaxReplicas = scaling.MaxReplicas;
        foreach (var rule in ScaleRules.ForContainerApps(scaling, sources))
        {
            app.Template.Scale.Rules.Add(Rule(rule));
        }
    }

    private static ContainerAppScaleRule Rule(ScaleRule rule)
    {
        if (rule.Type == "http")
        {
            var http = new ContainerAppHttpScaleRule();
            foreach (var (name, value) in rule.Metadata)
            {
                http.Metadata.Add(name, value);
            }

            return new ContainerAppScaleRule { Name = rule.Name, Http = http };
        }

        var custom = new ContainerAppCustomScaleRule { CustomScaleRuleType = rule.Type };
        foreach (var (name, value) in rule.Metadata)
        {
            custom.Metadata.Add(name, value);
        }

        return new ContainerAppScaleRule { Name = rule.Name, Custom = custom };
    }
}
