using MlSystem.Inference.Routing;

namespace MlSystem.Inference.Bandits;

/// <summary>Chooses an arm by the rewards so far.</summary>
public interface IBanditAlgorithm
{
    /// <returns>The place of the chosen arm.</returns>
    int Choose(ReadOnlySpan<ArmRewards> arms, RandomSource random);
}

/// <summary>
/// Thompson sampling (Thompson 1933; Chapelle and Li 2011): draws each arm's mean from its Beta posterior and takes the
/// highest. It spreads requests by itself while feedback is late, which makes it the default.
/// </summary>
public sealed class ThompsonSampling : IBanditAlgorithm
{
    public int Choose(ReadOnlySpan<ArmRewards> arms, RandomSource random)
    {
        var (best, highest) = (0, -1.0);
        for (var i = 0; i < arms.Length; i++)
        {
            var drawn = Distributions.Beta(arms[i].Alpha, arms[i].Beta, random);
            if (drawn > highest)
            {
                (best, highest) = (i, drawn);
            }
        }

        return best;
    }
}

/// <summary>
/// UCB1 (Auer, Cesa-Bianchi and Fischer 2002): the arm with the highest mean + √(2 ln n / nᵢ), n counting rewarded predictions.
/// Until every arm has a reward all are chosen alike: an arm whose feedback is late does not get the whole traffic.
/// </summary>
public sealed class Ucb1 : IBanditAlgorithm
{
    public int Choose(ReadOnlySpan<ArmRewards> arms, RandomSource random)
    {
        var n = 0L;
        foreach (var arm in arms)
        {
            if (arm.Pulls == 0)
            {
                return Arms.Any(arms.Length, random);
            }

            n += arm.Pulls;
        }

        var (best, highest) = (0, -1.0);
        for (var i = 0; i < arms.Length; i++)
        {
            var bound = UpperBound(arms[i], n);
            if (bound > highest)
            {
                (best, highest) = (i, bound);
            }
        }

        return best;
    }

    /// <summary>Upper confidence bound of an arm that has a reward.</summary>
    /// <param name="n">Rewarded predictions of all arms.</param>
    public static double UpperBound(ArmRewards arm, long n) => arm.Mean!.Value + Math.Sqrt(2 * Math.Log(n) / arm.Pulls);
}

/// <summary>Epsilon-greedy: any arm with the probability ε, else the one with the highest mean. Until every arm has a reward all are chosen alike.</summary>
public sealed class EpsilonGreedy(double epsilon) : IBanditAlgorithm
{
    public int Choose(ReadOnlySpan<ArmRewards> arms, RandomSource random) =>
        Arms.Best(arms) is not { } best || random.NextDouble() < epsilon ? Arms.Any(arms.Length, random) : best;
}

/// <summary>What the algorithms share.</summary>
internal static class Arms
{
    public static int Any(int count, RandomSource random) => (int)(random.NextDouble() * count);

    /// <summary>The arm with the highest mean; null until every arm has one.</summary>
    public static int? Best(ReadOnlySpan<ArmRewards> arms)
    {
        var (best, highest) = (0, -1.0);
        for (var i = 0; i < arms.Length; i++)
        {
            if (arms[i].Mean is not { } mean)
            {
                return null;
            }

            if (mean > highest)
            {
                (best, highest) = (i, mean);
            }
        }

        return best;
    }
}
