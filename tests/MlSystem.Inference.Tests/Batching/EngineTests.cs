using MlSystem.Contracts;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tests.Batching;

/// <summary>Single rules of batching; their interplay is in <see cref="InterleavingTests"/>.</summary>
public sealed class EngineTests
{
    [Fact]
    public async Task What_waits_while_a_run_is_under_way_becomes_one_run()
    {
        using var bed = new EngineBed(runtime: new FakeRuntime { Immediate = false });
        using var first = bed.Ask([1]);
        using var second = bed.Ask([2, 3]);
        using var third = bed.Ask([4]);
        bed.Pump();
        Assert.Equal([1], bed.Runtime.Runs);
        bed.Runtime.Pending[0].End();
        bed.Pump();
        bed.Runtime.Pending[0].End();
        Assert.Equal([1, 3], bed.Runtime.Runs);
        Assert.Equal([1], (await first.EndAsync()).Y);
        Assert.Equal([2, 3], (await second.EndAsync()).Y);
        Assert.Equal([4], (await third.EndAsync()).Y);
        Assert.Equal([(1, 1L), (3, 1L)], bed.Statistics.ByRows().Select(size => (size.Rows, size.Runs)));
    }

    [Fact]
    public async Task Rows_of_another_shape_run_apart()
    {
        using var bed = new EngineBed(new EndpointBatching { MaxQueueDelayMicroseconds = 1000 });
        using var narrow = bed.Ask([1], width: 2);
        using var wide = bed.Ask([2], width: 3);
        bed.Time.Advance(TimeSpan.FromMilliseconds(1));
        bed.Pump();
        Assert.Equal([1, 1], bed.Runtime.Runs);
        Assert.Equal([1], (await narrow.EndAsync()).Y);
        Assert.Equal([2], (await wide.EndAsync()).Y);
    }

    [Fact]
    public async Task A_large_request_is_split_only_where_the_endpoint_says_so()
    {
        var ids = Enumerable.Range(0, 300).Select(i => (float)i).ToArray();
        using var free = new EngineBed();
        using var whole = free.Ask(ids);
        Assert.Equal([300], free.Runtime.Runs);
        Assert.Equal(ids, (await whole.EndAsync()).Y);
        using var bound = new EngineBed(limits: new EndpointLimits { MaxBatchSize = 128 });
        using var split = bound.Ask(ids);
        bound.Pump();
        Assert.Equal([128, 128, 44], bound.Runtime.Runs);
        Assert.Equal(ids, (await split.EndAsync()).Y);
    }

    [Fact]
    public async Task A_preferred_size_starts_at_once_and_less_waits_for_the_delay()
    {
        using var bed = new EngineBed(new EndpointBatching { PreferredBatchSizes = [2], MaxQueueDelayMicroseconds = 5000 });
        using var first = bed.Ask([1]);
        bed.Pump();
        Assert.Empty(bed.Runtime.Runs);
        using var second = bed.Ask([2]);
        using var third = bed.Ask([3]);
        bed.Pump();
        Assert.Equal([2], bed.Runtime.Runs);
        bed.Time.Advance(TimeSpan.FromMilliseconds(6));
        bed.Pump();
        Assert.Equal([2, 1], bed.Runtime.Runs);
        Assert.Equal([3], (await third.EndAsync()).Y);
    }

    [Fact]
    public void The_higher_priority_goes_first()
    {
        var begun = new List<float>();
        using var bed = new EngineBed(new EndpointBatching { PriorityLevels = 3, MaxQueueDelayMicroseconds = 1000 }, new EndpointLimits { MaxBatchSize = 1 }, new FakeRuntime { Immediate = false, Begins = begun.Add });
        using var busy = bed.Ask([0]);
        bed.Pump();
        using var low = bed.Ask([3], priority: 3);
        using var unnamed = bed.Ask([2]);
        using var high = bed.Ask([1], priority: 1);
        for (var i = 0; i < 4; i++)
        {
            bed.Pump();
            bed.Runtime.Pending[0].End();
        }

        Assert.Equal([0, 1, 2, 3], begun);
    }

    [Theory]
    [InlineData(QueueTimeoutAction.Reject)]
    [InlineData(QueueTimeoutAction.Delay)]
    public async Task Who_waited_too_long_is_refused_or_goes_behind(string action)
    {
        var begun = new List<float>();
        using var bed = new EngineBed(
            new EndpointBatching { Mode = BatchingMode.Off, DefaultTimeoutMicroseconds = 1000, TimeoutAction = action }, runtime: new FakeRuntime { Immediate = false, Begins = begun.Add });
        using var busy = bed.Ask([0]);
        using var late = bed.Ask([1]);
        bed.Time.Advance(TimeSpan.FromMilliseconds(2));
        using var inTime = bed.Ask([2]);
        for (var i = 0; bed.Runtime.Pending.Count > 0; i++)
        {
            bed.Runtime.Pending[0].End();
            bed.Pump();
        }

        Assert.Equal(action == QueueTimeoutAction.Delay ? [0, 2, 1] : [0, 2], begun);
        Assert.Equal(action == QueueTimeoutAction.Delay ? null : FaultKind.DeadlineExceeded, (await late.EndAsync()).Fault?.Kind);
    }

    [Fact]
    public async Task Only_the_guilty_of_a_failed_run_fail()
    {
        using var bed = new EngineBed(runtime: new FakeRuntime { Immediate = false });
        using var busy = bed.Ask([0]);
        using var good = bed.Ask([1]);
        using var bad = bed.Ask([2], fill: FakeRuntime.Poison);
        using var also = bed.Ask([3]);
        while (bed.Runtime.Pending.Count > 0)
        {
            bed.Runtime.Pending[0].End();
            bed.Pump();
        }

        Assert.Equal([1], (await good.EndAsync()).Y);
        Assert.Equal([3], (await also.EndAsync()).Y);
        Assert.Contains("poisoned", (await bad.EndAsync()).Fault!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_number_of_rows_is_told()
    {
        using var bed = new EngineBed(runtime: new FakeRuntime { SurplusRows = 1 });
        using var call = bed.Ask([1, 2]);
        var fault = (await call.EndAsync()).Fault!;
        Assert.Equal((FaultKind.ModelFailed, "the model gave output 'y' the shape [3, 1] for 2 rows"), (fault.Kind, fault.Message));
    }

    [Fact]
    public async Task A_run_that_hangs_is_given_up_and_the_next_go_on()
    {
        using var bed = new EngineBed(runtime: new FakeRuntime { CanStop = false }, watchdogSeconds: 5);
        using var hangs = bed.Ask([1], fill: FakeRuntime.Hang);
        bed.Pump();
        bed.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Contains("did not end within 5 s", (await hangs.EndAsync()).Fault!.Message, StringComparison.Ordinal);
        using var next = bed.Ask([2]);
        bed.Pump();
        Assert.Equal([2], (await next.EndAsync()).Y);
    }

    [Fact]
    public async Task Who_can_not_make_it_is_refused_at_once()
    {
        using var bed = new EngineBed(runtime: new FakeRuntime { Immediate = false, CanStop = false });
        using var measured = bed.Ask([1]);
        bed.Pump();
        bed.Time.Advance(TimeSpan.FromMilliseconds(100));
        bed.Runtime.Pending[0].End();
        using var hopeless = bed.Ask([2], timeout: TimeSpan.FromMilliseconds(50));
        Assert.Equal(FaultKind.DeadlineExceeded, (await hopeless.EndAsync()).Fault?.Kind);
        using var possible = bed.Ask([3], timeout: TimeSpan.FromMilliseconds(500));
        Assert.False(possible.IsDone);
    }
}
