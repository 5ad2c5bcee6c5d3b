using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using MlSystem.AppHost.Autoscaling;

namespace MlSystem.AppHost.Tests.Autoscaling;

public sealed class ScaleRulesTests
{
    private static readonly ScaleSources Sources = new("kafka-service:9092", "http://prometheus:9090");

    private static readonly Scaling Full = new()
    {
        MinReplicas = 2,
        MaxReplicas = 10,
        ConcurrentRequests = 32,
        CpuPercent = 70,
        Queue = new QueueLag("mlsystem.features", "features", 1000),
        CoolDown = TimeSpan.FromMinutes(3),
        Schedule = [new ScheduledReplicas("0 8 * * 1-5", "0 18 * * 1-5", 5, "Europe/Berlin")],
    };

    [Fact]
    public void Keda_triggers()
    {
        var rules = ScaleRules.ForKeda("inference", Full, Sources);

        Assert.Equal(["cpu", "prometheus", "kafka", "cron"], rules.Select(rule => rule.Type));
        Assert.Equal("Utilization", rules[0].MetricType);
        Assert.Equal(new Dictionary<string, string> { ["value"] = "70" }, rules[0].Metadata);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["serverAddress"] = "http://prometheus:9090",
                ["query"] = "sum(http_server_active_requests{job=\"inference\"})",
                ["threshold"] = "32",
            },
            rules[1].Metadata);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["bootstrapServers"] = "kafka-service:9092",
                ["consumerGroup"] = "features",
                ["topic"] = "mlsystem.features",
                ["lagThreshold"] = "1000",
            },
            rules[2].Metadata);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["timezone"] = "Europe/Berlin",
                ["start"] = "0 8 * * 1-5",
                ["end"] = "0 18 * * 1-5",
                ["desiredReplicas"] = "5",
            },
            rules[3].Metadata);
    }

    [Fact]
    public void Container_apps_count_requests_at_their_own_ingress()
    {
        var rules = ScaleRules.ForContainerApps(Full, Sources);

        Assert.Equal(["http", "cpu", "kafka", "cron"], rules.Select(rule => rule.Type));
        Assert.Equal(new Dictionary<string, string> { ["concurrentRequests"] = "32" }, rules[0].Metadata);
        Assert.Equal(new Dictionary<string, string> { ["type"] = "Utilization", ["value"] = "70" }, rules[1].Metadata);
    }

    [Fact]
    public void Without_Prometheus_concurrency_is_no_signal_on_Kubernetes() =>
        Assert.DoesNotContain(ScaleRules.ForKeda("inference", Full, Sources with { Prometheus = null }), rule => rule.Type == "prometheus");

    [Fact]
    public void A_fixed_service_has_no_rules()
    {
        var one = Full with { MinReplicas = 3, MaxReplicas = 3 };

        Assert.Empty(ScaleRules.ForKeda("inference", one, Sources));
        Assert.Empty(ScaleRules.ForContainerApps(one, Sources));
    }

    [Fact]
    public void The_cool_down_is_in_seconds() => Assert.Equal(180, ScaleRules.CoolDownSeconds(Full));

    [Property(Replay = "(1,3)")]
    public Property Names_are_unique_and_no_setting_is_empty() => Prop.ForAll(
        ArbMap.Default.ArbFor<(int, int, byte, byte)>(),
        drawn =>
        {
            var scaling = Full with
            {
                CpuPercent = drawn.Item1 % 2 == 0 ? null : 1 + Math.Abs(drawn.Item1 % 100),
                ConcurrentRequests = drawn.Item2 % 2 == 0 ? null : 1 + Math.Abs(drawn.Item2 % 1000),
                Schedule = [.. Enumerable.Range(0, drawn.Item3 % 4).Select(hour => new ScheduledReplicas($"0 {hour} * * *", $"0 {hour + 1} * * *", 2 + drawn.Item4 % 8))],
            };
            return ScaleRules.ForKeda("x", scaling, Sources).Concat(ScaleRules.ForContainerApps(scaling, Sources)).All(rule => rule.Metadata.Values.All(value => value.Length > 0))
                && ScaleRules.ForKeda("x", scaling, Sources) is var keda && keda.DistinctBy(rule => rule.Name).Count() == keda.Count;
        });
}
