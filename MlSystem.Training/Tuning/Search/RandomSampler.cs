namespace MlSystem.Training.Tuning.Search;

/// <summary>Independent draws (Bergstra and Bengio, JMLR 13, 2012).</summary>
internal sealed class RandomSampler(IReadOnlyList<SearchDimension> space, long seed) : ISampler
{
    public double[] Propose(int number, IReadOnlyList<Observation> history)
    {
        var random = TrialRandom.Of(seed, number);
        return [.. space.Select(d => d.At(random.NextDouble()))];
    }
}
