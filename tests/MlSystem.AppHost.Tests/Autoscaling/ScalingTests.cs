using MlSystem.AppHost.Autoscaling;

namespace MlSystem.AppHost.Tests.Autoscaling;

public sealed class ScalingTests
{
    [Fact]
    public void The_values_of_every_service_are_usable()
    {
        Assert.Equal(["features", "gateway", "inference", "monitor", "registry", "training"], ServiceScaling.Names.Order());
        Assert.All(ServiceScaling.Names, name => Assert.Empty(ServiceScaling.Of(name).Mistakes()));
    }

    [Fact]
    public void What_keeps_files_of_its_own_is_one_replica() =>
        Assert.All(["registry", "features", "training", "monitor"], name => Assert.Equal(1, ServiceScaling.Of(name).MaxReplicas));

    [Fact]
    public void Every_mistake_is_told_at_once()
    {
        var wrong = new Scaling
        {
            MinReplicas = 0,
            MaxReplicas = -1,
            CpuPercent = 101,
            ConcurrentRequests = 0,
            Queue = new QueueLag("t", "g", 0),
            CoolDown = TimeSpan.FromHours(2),
            Schedule = [new ScheduledReplicas("0 8 * * *", "0 9 * * *", 3)],
        };

        Assert.Equal(7, wrong.Mistakes().Count());
    }

    [Fact]
    public void A_range_needs_a_signal() =>
        Assert.Equal(["no signal is given to scale on"], new Scaling { MaxReplicas = 2 }.Mistakes());

    [Fact]
    public void An_unknown_service_is_refused() => Assert.Throws<ArgumentException>(() => ServiceScaling.Of("gatway"));
}
