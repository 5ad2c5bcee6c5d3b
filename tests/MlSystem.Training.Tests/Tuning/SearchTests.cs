using MlSystem.Training.Tuning.Importance;
using MlSystem.Training.Tuning.Search;

namespace MlSystem.Training.Tests.Tuning;

public sealed class SearchTests
{
    private static readonly SearchDimension[] BraninSpace = [Uniform("x", -5, 10), Uniform("y", 0, 15)];
    private static readonly SearchDimension[] RosenbrockSpace = [Uniform("x", -2, 2), Uniform("y", -1, 3)];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tpe_finds_less_than_random_search_on_known_functions(bool multivariate)
    {
        Assert.True(Wins(BraninSpace, Branin, multivariate) >= 14, "Branin");
        Assert.True(Wins(RosenbrockSpace, Rosenbrock, multivariate) >= 12, "Rosenbrock");
    }

    [Fact]
    public void Tpe_finds_the_right_choice_and_whole_number()
    {
        SearchDimension[] space = [new ChoiceDimension("kind", 4), new NumberDimension("n", 1, 1000, Log: true, Whole: true, 0), Uniform("noise", 0, 1)];
        var best = Search(new TpeSampler(space, 1, multivariate: true), 60, p => (p[0] == 2 ? 0 : 3) + Math.Abs(Math.Log(p[1] / 50))).MinBy(o => o.Loss);
        Assert.Equal(2, best.Point[0]);
        Assert.InRange(best.Point[1], 40, 62);
    }

    [Fact]
    public void Same_seed_number_and_history_give_the_same_point_and_others_another()
    {
        var history = Search(new RandomSampler(BraninSpace, 3), 20, Branin);
        Assert.Equal(new TpeSampler(BraninSpace, 3, true).Propose(20, history), new TpeSampler(BraninSpace, 3, true).Propose(20, history));
        Assert.NotEqual(new TpeSampler(BraninSpace, 3, true).Propose(20, history), new TpeSampler(BraninSpace, 4, true).Propose(20, history));
        Assert.NotEqual(new RandomSampler(BraninSpace, 3).Propose(0, []), new RandomSampler(BraninSpace, 3).Propose(1, []));
    }

    [Fact]
    public void Failed_trials_and_trials_under_way_keep_the_search_away_and_alive()
    {
        var history = Search(new RandomSampler(BraninSpace, 3), 30, p => p[0] > 5 ? double.PositiveInfinity : Branin(p));
        history.AddRange(Enumerable.Range(0, 3).Select(i => new Observation([0, i], null)));
        var point = new TpeSampler(BraninSpace, 3, true).Propose(33, history)!;
        Assert.InRange(point[0], -5, 10);
    }

    [Fact]
    public void Every_proposed_point_lies_in_the_space()
    {
        SearchDimension[] space = [new NumberDimension("lr", 1e-4, 1, Log: true, Whole: false, 0), new NumberDimension("n", 3, 7, Log: false, Whole: true, 0), new ChoiceDimension("c", 3)];
        foreach (var multivariate in new[] { true, false })
        {
            foreach (var trial in Search(new TpeSampler(space, 5, multivariate), 80, p => p[0] + p[1]))
            {
                Assert.InRange(trial.Point[0], 1e-4, 1);
                Assert.Contains(trial.Point[1], new double[] { 3, 4, 5, 6, 7 });
                Assert.Contains(trial.Point[2], new double[] { 0, 1, 2 });
            }
        }
    }

    [Fact]
    public void A_grid_has_every_combination_once_and_then_ends()
    {
        SearchDimension[] space = [new NumberDimension("lr", 0.01, 1, Log: true, Whole: false, 3), new NumberDimension("n", 1, 2, Log: false, Whole: true, 0), new ChoiceDimension("c", 2)];
        var grid = new GridSampler(space);
        var points = Enumerable.Range(0, 12).Select(n => grid.Propose(n, [])!).ToList();
        Assert.Equal(12, GridSampler.Size(space));
        Assert.Equal(12, points.Select(p => string.Join('|', p)).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(0.1, points[4][0], 12);
        Assert.Null(grid.Propose(12, []));
    }

    [Fact]
    public void Importance_is_that_of_the_function_and_nothing_for_noise()
    {
        SearchDimension[] space = [Uniform("a", 0, 1), Uniform("b", 0, 1), Uniform("nothing", 0, 1)];
        var importance = FunctionalAnova.Importance(space, Search(new RandomSampler(space, 1), 300, p => (3 * p[0]) + p[1]));

        // Variances of 3a and b are as 9 to 1.
        Assert.InRange(importance["a"], 0.8, 0.95);
        Assert.InRange(importance["b"], 0.05, 0.18);
        Assert.InRange(importance["nothing"], 0, 0.02);
        Assert.Empty(FunctionalAnova.Importance(space, Search(new RandomSampler(space, 1), 3, p => p[0])));
        Assert.Empty(FunctionalAnova.Importance(space, Search(new RandomSampler(space, 1), 30, _ => 1)));
    }

    internal static NumberDimension Uniform(string name, double min, double max) => new(name, min, max, Log: false, Whole: false, 0);

    internal static List<Observation> Search(ISampler sampler, int trials, Func<double[], double> function)
    {
        List<Observation> history = [];
        for (var number = 0; number < trials; number++)
        {
            var point = sampler.Propose(number, history)!;
            history.Add(new Observation(point, function(point)));
        }

        return history;
    }

    /// <summary>Of 20 seeds, how often TPE's best of 60 trials is below random search's.</summary>
    private static int Wins(SearchDimension[] space, Func<double[], double> function, bool multivariate) => Enumerable.Range(0, 20).Count(seed =>
        Search(new TpeSampler(space, seed, multivariate), 60, function).Min(o => o.Loss) < Search(new RandomSampler(space, seed + 1000), 60, function).Min(o => o.Loss));

    internal static double Branin(double[] p)
    {
        var valley = p[1] - (5.1 / (4 * Math.PI * Math.PI) * p[0] * p[0]) + (5 / Math.PI * p[0]) - 6;
        return (valley * valley) + (10 * (1 - (1 / (8 * Math.PI))) * Math.Cos(p[0])) + 10;
    }

    private static double Rosenbrock(double[] p) => (100 * Math.Pow(p[1] - (p[0] * p[0]), 2)) + Math.Pow(1 - p[0], 2);
}
