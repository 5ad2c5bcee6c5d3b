using MlSystem.Inference.Batching;

namespace MlSystem.Inference.Tests.Batching;

public sealed class QuickRunsTests
{
    private const double Limit = 100e-6;
    private readonly LatencyModel _latency = new();

    [Fact]
    public void Only_what_is_expected_to_be_short_is_allowed()
    {
        var runs = new QuickRuns(hasBoundedWork: true, _latency, Limit);
        Assert.False(runs.Allow(1));
        _latency.Observe(1, 10e-6, now: 0);
        _latency.Observe(16, 160e-6, now: 0);
        Assert.True(runs.Allow(1));
        Assert.True(runs.Allow(8));
        Assert.False(runs.Allow(16));
    }

    [Fact]
    public void Work_that_values_decide_is_not_allowed()
    {
        _latency.Observe(1, 1e-6, now: 0);
        Assert.False(new QuickRuns(hasBoundedWork: false, _latency, Limit).Allow(1));
    }

    [Fact]
    public void Zero_allows_none()
    {
        _latency.Observe(1, 1e-6, now: 0);
        Assert.False(new QuickRuns(hasBoundedWork: true, _latency, limitSeconds: 0).Allow(1));
    }

    [Fact]
    public void Many_long_runs_end_it_until_they_are_short_again()
    {
        _latency.Observe(1, 10e-6, now: 0);
        var runs = new QuickRuns(hasBoundedWork: true, _latency, Limit);
        Repeat(runs, 1000, run => run % 100 == 0 ? 5e-3 : 10e-6);
        Assert.True(runs.Allow(1));
        Repeat(runs, 20, _ => 5e-3);
        Assert.False(runs.Allow(1));
        Repeat(runs, 500, _ => 10e-6);
        Assert.True(runs.Allow(1));
    }

    private static void Repeat(QuickRuns runs, int times, Func<int, double> seconds)
    {
        for (var run = 0; run < times; run++)
        {
            runs.Ran(1, seconds(run));
        }
    }
}
