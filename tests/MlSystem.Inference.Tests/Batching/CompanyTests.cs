using MlSystem.Contracts;
using MlSystem.Inference.Batching;

namespace MlSystem.Inference.Tests.Batching;

public sealed class CompanyTests
{
    [Fact]
    public void Requests_that_come_together_share_a_run_though_the_instance_is_idle()
    {
        using var bed = new EngineBed(saves: true);
        Meet(bed);
        using var third = bed.Ask([3]);
        using var fourth = bed.Ask([4]);
        Assert.False(third.IsDone);
        bed.Pump();
        Assert.True(third.IsDone && fourth.IsDone);
        Assert.Equal([2, 2], bed.Runtime.Runs.TakeLast(2));
    }

    [Fact]
    public void Who_was_alone_for_long_runs_at_once_and_tries_now_and_then()
    {
        using var bed = new EngineBed(saves: true);
        Meet(bed);
        var queued = 0;
        for (var i = 0; i < Company.EnoughAlone + (3 * Company.TryEvery); i++)
        {
            using var call = bed.Ask([i]);
            queued += call.IsDone ? 0 : 1;
            bed.Pump();
            Assert.True(call.IsDone);
        }

        Assert.Equal(Company.EnoughAlone + 3, queued);
    }

    [Theory]
    [InlineData(false, BatchingMode.Dynamic)]
    [InlineData(true, BatchingMode.Off)]
    public void Where_sharing_saves_nothing_or_is_switched_off_nobody_is_queued(bool saves, string mode)
    {
        using var bed = new EngineBed(new EndpointBatching { Mode = mode }, saves: saves);
        for (var i = 0; i < 3 * Company.TryEvery; i++)
        {
            using var call = bed.Ask([i]);
            Assert.True(call.IsDone);
        }
    }

    /// <summary>Asks until a request is queued, and once more.</summary>
    private static void Meet(EngineBed bed)
    {
        for (var i = 0; i < Company.TryEvery; i++)
        {
            using var call = bed.Ask([i]);
            if (!call.IsDone)
            {
                using var other = bed.Ask([i]);
                bed.Pump();
                Assert.Equal(2, bed.Runtime.Runs[^1]);
                return;
            }
        }

        Assert.Fail("nobody was queued");
    }
}
