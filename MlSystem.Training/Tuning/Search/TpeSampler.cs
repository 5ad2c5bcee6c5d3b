namespace MlSystem.Training.Tuning.Search;

/// <summary>
/// Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kégl, NeurIPS 2011): the best trials and the others each
/// get a density, and of some draws from that of the best the one is tried at which the ratio of the two is greatest.
/// Multivariate: each trial is one kernel over all dimensions (Falkner, Klein, Hutter, ICML 2018), so that parameters that
/// only work together are found together. Trials under way count among the others, so that parallel trials keep apart.
/// </summary>
internal sealed class TpeSampler(IReadOnlyList<SearchDimension> space, long seed, bool multivariate, int startupTrials = TpeSampler.DefaultStartup) : ISampler
{
    /// <summary>Trials that are drawn at random before the densities mean something.</summary>
    public const int DefaultStartup = 10;

    private const int Candidates = 24;
    private const double GoodShare = 0.1;
    private const int MostGood = 25;
    private readonly RandomSampler _startup = new(space, seed);

    public double[]? Propose(int number, IReadOnlyList<Observation> history)
    {
        var finished = history.Where(o => o.Loss is { } loss && double.IsFinite(loss)).OrderBy(o => o.Loss).ToList();
        if (finished.Count < startupTrials)
        {
            return _startup.Propose(number, history);
        }

        var good = Math.Clamp((int)Math.Ceiling(GoodShare * finished.Count), 1, MostGood);
        var random = TrialRandom.Of(seed, number);
        var best = new ParzenDensity(space, [.. finished.Take(good).Select(o => o.Point)], multivariate);
        var others = new ParzenDensity(
            space, [.. finished.Skip(good).Concat(history.Where(o => o.Loss is null or double.PositiveInfinity)).Select(o => o.Point)], multivariate);
        return multivariate ? Together(best, others, random) : OneByOne(best, others, random);
    }

    private static double[] Together(ParzenDensity best, ParzenDensity others, Random random) =>
        Enumerable.Range(0, Candidates).Select(_ => best.Draw(random)).MaxBy(point => best.LogDensity(point) - others.LogDensity(point))!;

    /// <summary>Each dimension takes its own best candidate.</summary>
    private double[] OneByOne(ParzenDensity best, ParzenDensity others, Random random)
    {
        var candidates = Enumerable.Range(0, Candidates).Select(_ => best.Draw(random)).ToList();
        return [.. Enumerable.Range(0, space.Count).Select(d =>
            candidates.MaxBy(point => best.LogDensity(d, point[d]) - others.LogDensity(d, point[d]))![d])];
    }
}
