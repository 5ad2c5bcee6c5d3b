using MlSystem.Testing;
using MlSystem.Training.Tuning;

namespace MlSystem.Training.Tests.Tuning;

public sealed class TuningSearchTests
{
    [Theory]
    [InlineData("random", 1)]
    [InlineData("tpe", 3)]
    [InlineData("asha", 3)]
    [InlineData("hyperband", 2)]
    public async Task A_search_that_is_killed_goes_on_without_doing_anything_twice(string algorithm, int parallel)
    {
        using var folder = new TempFolder();
        var path = Path.Combine(folder.Path, "trials.jsonl");
        var spec = Spec(algorithm, parallel, trials: 20);
        List<(double X, int Rung)> done = [];
        await Assert.ThrowsAsync<OperationCanceledException>(() => SearchAsync(spec, path, done, killAfter: 7));
        await File.AppendAllTextAsync(path, "{\"trial\":3,\"ti");
        var before = done.Count;
        var book = await SearchAsync(spec, path, done);
        Assert.True(before >= 7);

        // What was under way when it was killed is the only thing that may be done again.
        var again = done.GroupBy(d => d).Sum(g => g.Count() - 1);
        Assert.InRange(again, 0, parallel);
        Assert.All(book.Trials, t => Assert.NotEmpty(t.Values));
        Assert.Equal(book.Trials.Count, book.Trials.Select(t => t.Number).Distinct().Count());
        Assert.Equal(20, book.Trials.Count);
        Assert.InRange(book.Best()!.Point[0], 0, 10);
    }

    [Fact]
    public async Task One_after_the_other_a_resumed_search_proposes_what_the_whole_one_would_have()
    {
        using var folder = new TempFolder();
        var spec = Spec("tpe", 1, trials: 25);
        List<(double X, int Rung)> whole = [], cut = [];
        var first = await SearchAsync(spec, Path.Combine(folder.Path, "a"), whole);
        await Assert.ThrowsAsync<OperationCanceledException>(() => SearchAsync(spec, Path.Combine(folder.Path, "b"), cut, killAfter: 12));
        var second = await SearchAsync(spec, Path.Combine(folder.Path, "b"), cut);
        Assert.Equal(first.Trials.Select(t => t.Point[0]), second.Trials.Select(t => t.Point[0]));
        Assert.Equal(first.Best()!.Number, second.Best()!.Number);
    }

    [Fact]
    public async Task Failed_trials_are_reported_and_never_the_best()
    {
        using var folder = new TempFolder();
        using var opened = TrialJournal.Open(Path.Combine(folder.Path, "t")).Journal;
        var spec = Spec("random", 2, trials: 10);
        var book = new TrialBook(spec);
        await new TuningSearch(spec, book, opened, (point, _, _) => point[0] < 5 ? (null, "no") : (point[0], null), TimeProvider.System).RunAsync(_ => Task.CompletedTask, CancellationToken.None);
        Assert.Contains(TrialView.All(spec, book), t => t is { State: "failed", Error: "no", Value: null });
        Assert.True(book.Best()!.Point[0] >= 5);
    }

    [Fact]
    public async Task The_median_ends_trials_that_fall_behind()
    {
        using var folder = new TempFolder();
        using var opened = TrialJournal.Open(Path.Combine(folder.Path, "t")).Journal;
        var spec = Spec("random", 1, trials: 20) with { Folds = 4, MedianStopping = new MedianStoppingSpec { WarmUpTrials = 4, WarmUpCheckpoints = 1 } };
        var book = new TrialBook(spec);
        await new TuningSearch(spec, book, opened, (point, fold, _) => (point[0] + (0.01 * fold), null), TimeProvider.System).RunAsync(_ => Task.CompletedTask, CancellationToken.None);
        Assert.InRange(book.Trials.Count(t => t.Stopped), 4, 15);
        Assert.All(book.Trials.Where(t => t.Stopped), t => Assert.True(t.Values.Count < 4));
        Assert.Equal(book.Trials.MinBy(t => t.Point[0])!.Number, book.Best()!.Number);
    }

    private static TuningSpec Spec(string algorithm, int parallel, int trials) => new()
    {
        Algorithm = algorithm, Sampler = "tpe", Multivariate = true, Metric = "log_loss", Minimize = true, MaxTrials = trials, ParallelTrials = parallel, Seed = 4,
        Space = new Dictionary<string, DimensionSpec>(StringComparer.Ordinal) { ["x"] = new() { Type = "uniform", Min = 0, Max = 10 } },
        Resource = algorithm is "asha" or "hyperband" ? new ResourceSpec { Parameter = "iterations", Min = 1, Max = 9, ReductionFactor = 3 } : null,
    };

    /// <param name="killAfter">Finished checkpoints after which the search is ended.</param>
    private static async Task<TrialBook> SearchAsync(TuningSpec spec, string path, List<(double X, int Rung)> done, int killAfter = int.MaxValue)
    {
        using var kill = new CancellationTokenSource();
        var (journal, events) = TrialJournal.Open(path);
        using var closing = journal;
        var book = new TrialBook(spec);
        foreach (var entry in events)
        {
            book.Apply(entry);
        }

        var count = 0;
        await new TuningSearch(spec, book, journal, Run, TimeProvider.System).RunAsync(
            async _ =>
            {
                if (++count == killAfter)
                {
                    await kill.CancelAsync();
                    throw new OperationCanceledException();
                }
            },
            kill.Token);
        return book;

        (double? Value, string? Error) Run(IReadOnlyList<double> point, int rung, CancellationToken cancellationToken)
        {
            lock (done)
            {
                done.Add((point[0], rung));
            }

            return (Math.Pow(point[0] - 3, 2) + (1.0 / (rung + 1)), null);
        }
    }
}
