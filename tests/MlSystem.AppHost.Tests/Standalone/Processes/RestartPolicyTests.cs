using Microsoft.Extensions.Time.Testing;
using MlSystem.AppHost.Standalone.Processes;

namespace MlSystem.AppHost.Tests.Standalone.Processes;

public sealed class RestartPolicyTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Delays_double_up_to_half_a_minute()
    {
        var policy = new RestartPolicy(_time);

        Assert.Equal([1, 2, 4, 8, 16, 30, 30], Enumerable.Range(0, 7).Select(_ => policy.Exited().TotalSeconds));
        Assert.Equal(7, policy.Restarts);
    }

    [Fact]
    public void A_minute_of_health_starts_over_but_less_does_not()
    {
        var policy = new RestartPolicy(_time);
        policy.Exited();
        policy.Exited();

        policy.Ready();
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(4, policy.Exited().TotalSeconds);

        policy.Ready();
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(1, policy.Exited().TotalSeconds);
    }

    [Fact]
    public void Time_without_readiness_is_not_health()
    {
        var policy = new RestartPolicy(_time);
        policy.Ready();
        policy.Exited();

        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(2, policy.Exited().TotalSeconds);
    }
}
