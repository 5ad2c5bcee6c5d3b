namespace MlSystem.Training.Gates.Statistics;

/// <summary>
/// Paired bootstrap (Efron and Tibshirani 1993): rows are drawn with replacement, the same for both models, and the
/// difference is computed anew for each draw. It suits any metric. Same seed, same result.
/// </summary>
internal static class PairedBootstrap
{
    /// <summary>Compares the mean of per-row losses.</summary>
    public static PairedEstimate Means(IReadOnlyList<double> challenger, IReadOnlyList<double> champion, int resamples, long seed)
    {
        PairedEstimate.CheckPaired(challenger.Count, champion.Count);
        return Compare(challenger.Count, Challenger, Champion, worseIsMore: true, resamples, seed)!;

        double? Challenger(int[] rows) => rows.Average(r => challenger[r]);
        double? Champion(int[] rows) => rows.Average(r => champion[r]);
    }

    /// <summary>Compares any quantity of a set of rows.</summary>
    /// <param name="challenger">The quantity of the challenger on the given rows; null where they do not define it: such draws are left out.</param>
    /// <param name="worseIsMore">Whether a larger value is worse.</param>
    /// <returns>Null when the quantity is not defined for all rows, or for less than half of the draws.</returns>
    public static PairedEstimate? Compare(int rows, Func<int[], double?> challenger, Func<int[], double?> champion, bool worseIsMore, int resamples, long seed)
    {
        int[] all = [.. Enumerable.Range(0, rows)];
        if (challenger(all) is not { } first || champion(all) is not { } second)
        {
            return null;
        }

        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        var observed = Worse(first, second);
        List<double> drawn = new(resamples);
        var sample = new int[rows];
        for (var draw = 0; draw < resamples; draw++)
        {
            for (var i = 0; i < rows; i++)
            {
                sample[i] = random.Next(rows);
            }

            if (challenger(sample) is { } a && champion(sample) is { } b)
            {
                drawn.Add(Worse(a, b));
            }
        }

        return drawn.Count * 2 < resamples ? null : Estimate(first, second, observed, [.. drawn.Order()]);

        double Worse(double a, double b) => worseIsMore ? a - b : b - a;
    }

    /// <param name="drawn">Differences of the draws, ascending.</param>
    private static PairedEstimate Estimate(double challenger, double champion, double observed, double[] drawn)
    {
        var mean = drawn.Average();
        var error = Math.Sqrt(drawn.Sum(d => (d - mean) * (d - mean)) / Math.Max(1, drawn.Length - 1));

        // Moved to where there is no difference, the draws show what chance alone does; the observed one counts itself, so that p is never 0.
        var atLeast = drawn.Count(d => d - observed >= observed);
        return new PairedEstimate(challenger, champion, observed, error)
        {
            WorseP = drawn[0] == drawn[^1] ? (observed > 0 ? 1.0 / (drawn.Length + 1) : 1) : (atLeast + 1.0) / (drawn.Length + 1),
            UpperBound = level => drawn[Math.Clamp((int)Math.Ceiling((1 - level) * drawn.Length) - 1, 0, drawn.Length - 1)],
        };
    }
}
