using MlSystem.Inference.Batching;

namespace MlSystem.Inference.Tests.Batching;

/// <summary>The rule by itself; what it does to a queue is in <see cref="AdaptiveDelayTests"/>.</summary>
public sealed class DelayRuleTests
{
    private const double RunSeconds = 0.01;

    /// <summary>300 rows a second keep one instance of 2 ms a row busy for 60 %.</summary>
    [Fact]
    public void At_low_load_nobody_waits() => Assert.Equal(QueueDelay.None, Choose(Model(0.0018, 0.0002), rowsPerSecond: 300));

    [Fact]
    public void Two_instances_bear_twice_the_load_before_anybody_waits()
    {
        Assert.Equal(QueueDelay.None, Choose(Model(0.0018, 0.0002), rowsPerSecond: 600, instances: 2));
        Assert.NotEqual(QueueDelay.None, Choose(Model(0.0018, 0.0002), rowsPerSecond: 600, instances: 1));
    }

    /// <summary>1,000 rows a second: 1.8 ms / n + 0.2 ms of each millisecond is 70 % with n = 3.6.</summary>
    [Fact]
    public void A_run_waits_for_the_fewest_rows_that_bring_the_load_down()
    {
        var delay = Choose(Model(0.0018, 0.0002), rowsPerSecond: 1000);
        Assert.Equal((4, 0.003), (delay.Rows, Math.Round(delay.Seconds, 6)));
    }

    [Fact]
    public void Nobody_waits_for_rows_that_there_are_not()
    {
        Assert.Equal(3, Choose(Model(0.0018, 0.0002), rowsPerSecond: 1000, mostUnderWay: 3).Rows);
        Assert.Equal(QueueDelay.None, Choose(Model(0.0018, 0.0002), rowsPerSecond: 1000, mostUnderWay: 1));
        Assert.Equal(2, Choose(Model(0.0018, 0.0002), rowsPerSecond: 2000, mostUnderWay: 4, instances: 2).Rows);
        Assert.Equal(2, Choose(Model(0.0018, 0.0002), rowsPerSecond: 1000, maxRows: 2).Rows);
    }

    [Fact]
    public void A_wait_leaves_the_objective_whole()
    {
        for (var rate = 100; rate < 100_000; rate *= 2)
        {
            Assert.InRange(Choose(Model(0.02, 0.0001), rate).Seconds, 0, RunSeconds - 0.001);
        }

        Assert.Equal(QueueDelay.None, Choose(Model(0.0018, 0.0002), rowsPerSecond: 1000, runSeconds: 0.001));
    }

    [Fact]
    public void Where_sharing_a_run_saves_nothing_nobody_waits()
    {
        Assert.Equal(QueueDelay.None, Choose(Model(0, 0.002), rowsPerSecond: 1000));
        Assert.Equal(QueueDelay.None, Choose(new LatencyModel(), rowsPerSecond: 1000));
    }

    private static QueueDelay Choose(LatencyModel latency, double rowsPerSecond, long mostUnderWay = 1000, int instances = 1, double runSeconds = RunSeconds, int maxRows = 128) =>
        DelayRule.Choose(latency, rowsPerSecond, mostUnderWay, instances, runSeconds, maxRows);

    private static LatencyModel Model(double fixedSeconds, double perRow)
    {
        var model = new LatencyModel();
        foreach (var rows in (int[])[1, 8, 64])
        {
            model.Observe(rows, fixedSeconds + (perRow * rows), now: 0);
        }

        return model;
    }
}
