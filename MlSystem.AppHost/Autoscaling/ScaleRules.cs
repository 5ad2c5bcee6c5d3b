using System.Globalization;

namespace MlSystem.AppHost.Autoscaling;

/// <summary>Turns a <see cref="Scaling"/> into each target's rules.</summary>
internal static class ScaleRules
{
    /// <summary>Triggers of a KEDA <c>ScaledObject</c>; the most demanding one decides.</summary>
    public static IReadOnlyList<ScaleRule> ForKeda(string service, Scaling scaling, ScaleSources sources)
    {
        if (scaling.IsFixed)
        {
            return [];
        }

        var rules = new List<ScaleRule>();
        if (scaling.CpuPercent is { } cpu)
        {
            rules.Add(new("cpu", "cpu", Settings(("value", Text(cpu))), MetricType: "Utilization"));
        }

        if (scaling.ConcurrentRequests is { } concurrent && sources.Prometheus is { } prometheus)
        {
            rules.Add(new("concurrency", "prometheus", Settings(
                ("serverAddress", prometheus),
                ("query", $"sum(http_server_active_requests{{job=\"{service}\"}})"),
                ("threshold", Text(concurrent)))));
        }

        return [.. rules, .. Shared(scaling, sources)];
    }

    /// <summary>Scale rules of an Azure container app; <c>http</c> counts the requests at its ingress.</summary>
    public static IReadOnlyList<ScaleRule> ForContainerApps(Scaling scaling, ScaleSources sources)
    {
        if (scaling.IsFixed)
        {
            return [];
        }

        var rules = new List<ScaleRule>();
        if (scaling.ConcurrentRequests is { } concurrent)
        {
            rules.Add(new("http", "http", Settings(("concurrentRequests", Text(concurrent)))));
        }

        if (scaling.CpuPercent is { } cpu)
        {
            rules.Add(new("cpu", "cpu", Settings(("type", "Utilization"), ("value", Text(cpu)))));
        }

        return [.. rules, .. Shared(scaling, sources)];
    }

    /// <summary>Seconds that Kubernetes waits with scaling down (<c>stabilizationWindowSeconds</c>) and Container Apps with removing replicas (<c>cooldownPeriod</c>).</summary>
    public static int CoolDownSeconds(Scaling scaling) => (int)scaling.CoolDown.TotalSeconds;

    private static IEnumerable<ScaleRule> Shared(Scaling scaling, ScaleSources sources)
    {
        if (scaling.Queue is { } queue)
        {
            yield return new("queue", "kafka", Settings(
                ("bootstrapServers", sources.KafkaBootstrapServers),
                ("consumerGroup", queue.Group),
                ("topic", queue.Topic),
                ("lagThreshold", Text(queue.LagPerReplica))));
        }

        foreach (var (times, index) in scaling.Schedule.Select((times, index) => (times, index)))
        {
            yield return new($"schedule-{index}", "cron", Settings(
                ("timezone", times.TimeZone),
                ("start", times.Start),
                ("end", times.End),
                ("desiredReplicas", Text(times.Replicas))));
        }
    }

    private static Dictionary<string, string> Settings(params (string Name, string Value)[] settings) =>
        settings.ToDictionary(setting => setting.Name, setting => setting.Value, StringComparer.Ordinal);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
