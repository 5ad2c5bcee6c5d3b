using MlSystem.Inference.Batching;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tests.Batching;

/// <summary>After a failed run the version runs its own good row: only where that fails too the failures count.</summary>
public sealed class TrialTests
{
    [Fact]
    public async Task Rows_that_fail_do_not_count_against_the_version()
    {
        using var bed = new EngineBed();
        for (var i = 0; i < 10; i++)
        {
            await AskAsync(bed, FakeRuntime.Poison, FaultKind.ModelFailed);
            bed.Pump();
        }

        Assert.Empty(Crashes(bed));
        Assert.Equal(20, bed.Runtime.Runs.Count);
    }

    [Fact]
    public async Task Rows_that_hang_do_not_count_against_the_version()
    {
        using var bed = new EngineBed(runtime: new FakeRuntime { CanStop = false }, watchdogSeconds: 5);
        for (var i = 0; i < 5; i++)
        {
            using var hangs = bed.Ask([1], fill: FakeRuntime.Hang);
            bed.Pump();
            bed.Time.Advance(TimeSpan.FromSeconds(6));
            Assert.Contains("did not end within 5 s", (await hangs.EndAsync()).Fault!.Message, StringComparison.Ordinal);
            bed.Pump();
        }

        Assert.Empty(Crashes(bed));
    }

    [Fact]
    public async Task Failures_of_a_version_that_fails_on_its_own_row_count_until_one_succeeds()
    {
        using var bed = new EngineBed();
        bed.Runtime.Broken = FakeRuntime.Poison;
        await FailAsync(bed, times: 2);
        Assert.Equal([1, 2], Crashes(bed));
        bed.Runtime.Broken = 0;
        await AskAsync(bed, fill: 0, fault: null);
        bed.Runtime.Broken = FakeRuntime.Poison;
        await FailAsync(bed, times: 3);
        Assert.Equal([1, 2, 3], Crashes(bed));
    }

    [Fact]
    public async Task All_that_fail_while_the_version_is_tried_count_with_its_failure_and_none_with_its_success()
    {
        using var bed = new EngineBed();
        bed.Runtime.Broken = FakeRuntime.Poison;
        for (var i = 0; i < 4; i++)
        {
            await AskAsync(bed, fill: 0, FaultKind.ModelFailed);
        }

        Assert.Single(bed.Scheduled);
        bed.Pump();
        Assert.Equal([4], Crashes(bed));
        await AskAsync(bed, fill: 0, FaultKind.ModelFailed);
        bed.Runtime.Broken = 0;
        bed.Pump();
        Assert.Empty(Crashes(bed));
        await FailAsync(bed, times: 1, fill: FakeRuntime.Poison);
        Assert.Empty(Crashes(bed));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_version_that_hangs_on_its_own_row_counts_and_is_not_tried_for_ever(bool canStop)
    {
        using var bed = new EngineBed(runtime: new FakeRuntime { CanStop = canStop, Broken = FakeRuntime.Hang, Immediate = false }, watchdogSeconds: 5);
        using var hangs = bed.Ask([1]);
        for (var i = 0; i < 4; i++)
        {
            bed.Pump();
            bed.Time.Advance(TimeSpan.FromSeconds(6));
            bed.Runtime.Pending.ToList().ForEach(run => run.Fail("late"));
            await Task.Yield();
        }

        Assert.Equal(2, bed.Runtime.Runs.Count);
        Assert.Equal([1], await EventuallyAsync(bed));
        Assert.Equal(FaultKind.ModelFailed, (await hangs.EndAsync()).Fault?.Kind);
        Assert.Empty(bed.Runtime.Violations);
    }

    /// <summary>The row is the version's: nobody else's rows may fail it.</summary>
    [Fact]
    public void The_good_row_runs_alone()
    {
        using var bed = new EngineBed(runtime: new FakeRuntime { Immediate = false });
        using var bad = bed.Ask([1], fill: FakeRuntime.Poison);
        bed.Runtime.Pending[0].End();
        using var other = bed.Ask([2]);
        bed.Pump();
        using var waits = bed.AskOwn([3]);
        using var too = bed.AskOwn([4]);
        while (bed.Runtime.Pending.Count > 0)
        {
            bed.Runtime.Pending[0].End();
            bed.Pump();
        }

        Assert.Equal([1, 1, 1, 2], bed.Runtime.Runs);
    }

    private static async Task<List<int>> EventuallyAsync(EngineBed bed)
    {
        // The engine tells its waiters on the pool.
        await Fixture.Requests.EventuallyAsync(() => Task.FromResult(bed.Host.Crashes.TryPeek(out _)));
        return Crashes(bed);
    }

    private static async Task FailAsync(EngineBed bed, int times, float fill = 0)
    {
        for (var i = 0; i < times; i++)
        {
            await AskAsync(bed, fill, FaultKind.ModelFailed);
            bed.Pump();
        }
    }

    private static async Task AskAsync(EngineBed bed, float fill, FaultKind? fault)
    {
        using var call = bed.Ask([1], fill: fill);
        Assert.Equal(fault, (await call.EndAsync()).Fault?.Kind);
    }

    private static List<int> Crashes(EngineBed bed)
    {
        var counts = new List<int>();
        while (bed.Host.Crashes.TryRead(out var crash))
        {
            counts.Add(crash.InARow);
        }

        return counts;
    }
}
