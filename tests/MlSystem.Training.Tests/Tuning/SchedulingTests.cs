using MlSystem.Training.Tuning.Scheduling;

namespace MlSystem.Training.Tests.Tuning;

public sealed class SchedulingTests
{
    [Fact]
    public void Rungs_grow_by_the_factor_and_end_at_the_most()
    {
        Assert.Equal([11, 33, 100], RungLadder.Of(10, 100, 3).Resources);
        Assert.Equal([1, 3, 9, 27, 81], RungLadder.Of(1, 81, 3).Resources);
        Assert.Equal([5], RungLadder.Of(5, 5, 3).Resources);
    }

    [Fact]
    public void Hyperband_has_the_brackets_of_the_paper()
    {
        // Li et al., table 1: η = 3, R = 81.
        var scheduler = new HyperbandScheduler(RungLadder.Of(1, 81, 3), 1000);
        Assert.Equal([(0, 81), (1, 34), (2, 15), (3, 8), (4, 5)], scheduler.Brackets.Select(b => (b.FirstRung, b.Trials)));
        var book = Play(new HyperbandScheduler(RungLadder.Of(1, 81, 3), 81), parallel: 3);
        Assert.Equal([81, 27, 9, 3, 1], Enumerable.Range(0, 5).Select(rung => book.Count(t => t.NextRung > rung)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Hyperband_keeps_the_best_of_each_rung(int parallel)
    {
        var book = Play(new HyperbandScheduler(RungLadder.Of(1, 9, 3), 9), parallel);
        Assert.Equal([0, 1, 2], book.Where(t => t.NextRung > 1).Select(t => t.Number));
        Assert.Equal([0], book.Where(t => t.NextRung > 2).Select(t => t.Number));
    }

    [Fact]
    public void A_bound_on_trials_ends_a_bracket_early_and_still_promotes()
    {
        var book = Play(new HyperbandScheduler(RungLadder.Of(1, 9, 3), 7), parallel: 2);
        Assert.Equal(7, book.Count);
        Assert.Equal([2, 1], new[] { 1, 2 }.Select(rung => book.Count(t => t.NextRung > rung)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Asha_promotes_only_the_best_third_and_never_waits(int parallel)
    {
        var book = Play(new AshaScheduler(RungLadder.Of(1, 9, 3), 27), parallel);
        Assert.Equal(27, book.Count);
        Assert.Contains(book, t => t is { Number: 0, NextRung: 3 });
        Assert.InRange(book.Count(t => t.NextRung > 1), 9, 15);
        Assert.InRange(book.Count(t => t.NextRung > 2), 1, 6);
    }

    [Fact]
    public void A_stopped_trial_is_never_gone_on_with()
    {
        TrialRecord[] trials = [.. Enumerable.Range(0, 3).Select(i => new TrialRecord(i, 0, 0, [i], Running: false, Stopped: i == 0))];
        Assert.Null(new AshaScheduler(RungLadder.Of(1, 3, 3), 3).Next(trials));
        Assert.Null(new HyperbandScheduler(RungLadder.Of(1, 3, 3), 3).Next(trials));
        Assert.Equal(new Assignment(1, 1), new OneByOneScheduler(3, 2).Next(trials));
    }

    [Fact]
    public void A_trial_above_the_median_stops_after_the_warm_up()
    {
        double[][] others = [[1, 1], [2, 2], [3, 3], [9]];
        var rule = new MedianStopping(WarmUpTrials: 3, WarmUpCheckpoints: 1);
        Assert.False(rule.Stops([9], others));
        Assert.True(rule.Stops([9, 2.5], others));
        Assert.False(rule.Stops([9, 2], others));
        Assert.False(rule.Stops([9, 9], others[..2]));
    }

    /// <summary>Runs until nothing is left, with the trial's number as its loss on every rung.</summary>
    private static List<TrialRecord> Play(IScheduler scheduler, int parallel)
    {
        List<TrialRecord> book = [];
        Queue<int> running = [];
        while (true)
        {
            while (running.Count < parallel && scheduler.Next(book) is { } next)
            {
                if (next.Trial == book.Count)
                {
                    book.Add(new TrialRecord(next.Trial, next.Bracket, next.Rung, [], Running: false, Stopped: false));
                }

                Assert.Equal(book[next.Trial].NextRung, next.Rung);
                Assert.False(book[next.Trial].Running);
                book[next.Trial] = book[next.Trial] with { Running = true };
                running.Enqueue(next.Trial);
            }

            if (!running.TryDequeue(out var done))
            {
                return book;
            }

            book[done] = book[done] with { Running = false, Losses = [.. book[done].Losses, done] };
        }
    }
}
