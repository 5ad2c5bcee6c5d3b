namespace MlSystem.Training.Gates.Statistics;

/// <summary>
/// McNemar's test of two error rates on the same rows (Psychometrika 12, 1947): only rows on which exactly one model errs
/// tell anything. Exact (binomial) for few of them, else with the continuity-corrected normal approximation.
/// </summary>
internal static class McNemar
{
    /// <summary>With fewer rows on which exactly one model errs, the binomial distribution itself is summed.</summary>
    public const int ExactBelow = 25;

    /// <param name="challengerWrong">Whether the challenger errs, for each row.</param>
    /// <param name="championWrong">Whether the champion errs, for each row.</param>
    public static PairedEstimate Compare(IReadOnlyList<bool> challengerWrong, IReadOnlyList<bool> championWrong)
    {
        PairedEstimate.CheckPaired(challengerWrong.Count, championWrong.Count);
        var rows = challengerWrong.Count;
        var worse = Enumerable.Range(0, rows).Count(r => challengerWrong[r] && !championWrong[r]);
        var better = Enumerable.Range(0, rows).Count(r => !challengerWrong[r] && championWrong[r]);
        var difference = (double)(worse - better) / rows;
        var error = Math.Sqrt(worse + better - (Math.Pow(worse - better, 2) / rows)) / rows;
        return PairedEstimate.Normal(challengerWrong.Count(w => w) / (double)rows, championWrong.Count(w => w) / (double)rows, difference, error) with
        {
            WorseP = WorseP(worse, better),
        };
    }

    /// <summary>Probability of at least <paramref name="worse"/> of the discordant rows against the challenger if each were a toss of a coin.</summary>
    public static double WorseP(int worse, int better)
    {
        var discordant = worse + better;
        return discordant == 0 ? 1
            : discordant < ExactBelow ? BinomialTail(worse, discordant)
            : NormalDistribution.Tail((worse - better - 1) / Math.Sqrt(discordant));
    }

    /// <summary>P(X ≥ k) for X of n fair tosses.</summary>
    private static double BinomialTail(int k, int n)
    {
        var (sum, term) = (0.0, Math.Pow(0.5, n));
        for (var i = 0; i <= n; i++)
        {
            sum += i >= k ? term : 0;
            term *= (double)(n - i) / (i + 1);
        }

        return Math.Min(1, sum);
    }
}
