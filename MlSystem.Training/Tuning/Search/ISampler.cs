namespace MlSystem.Training.Tuning.Search;

/// <summary>Chooses what the next trial tries.</summary>
internal interface ISampler
{
    /// <summary>Coordinates of a trial, or null when there is nothing left to try. The same number and history give the same answer.</summary>
    /// <param name="number">Of the trial, from 0.</param>
    /// <param name="history">Earlier trials, by number; those under way have no loss yet.</param>
    double[]? Propose(int number, IReadOnlyList<Observation> history);
}

/// <summary>What is known of a trial.</summary>
/// <param name="Loss">Less is better; null while the trial is under way, infinite when it failed.</param>
internal readonly record struct Observation(double[] Point, double? Loss);

/// <summary>Random numbers of one trial: they depend on nothing but seed and number, so that a resumed search goes on as it would have.</summary>
internal static class TrialRandom
{
    public static Random Of(long seed, int number)
    {
        // The finaliser of splitmix64: neighbouring numbers give unrelated seeds.
        var mixed = unchecked(((ulong)seed * 0x9E3779B97F4A7C15) + ((ulong)number * 0xD1342543DE82EF95) + 0x9E3779B97F4A7C15);
        mixed = unchecked((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9);
        mixed = unchecked((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB);
        return new Random(unchecked((int)(mixed ^ (mixed >> 31))));
    }
}
