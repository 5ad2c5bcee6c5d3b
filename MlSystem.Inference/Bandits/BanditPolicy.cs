using MlSystem.Contracts;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Routing;

namespace MlSystem.Inference.Bandits;

/// <summary>By what feedback says of the variants. Weights only tell who takes part: a variant with the weight 0 does not.</summary>
public sealed class BanditPolicy(IBanditAlgorithm algorithm) : TrafficPolicy
{
    /// <summary>Exploring share of epsilon-greedy where the policy names none.</summary>
    public const double DefaultEpsilon = 0.1;

    private const int MaxOnStack = 16;

    /// <summary>Null where this server does not know the algorithm or the metric.</summary>
    public static BanditPolicy? Make(EndpointPolicy policy)
    {
        IBanditAlgorithm? algorithm = Algorithm(policy) switch
        {
            BanditAlgorithm.Thompson => new ThompsonSampling(),
            BanditAlgorithm.Ucb1 => new Ucb1(),
            BanditAlgorithm.EpsilonGreedy => new EpsilonGreedy(policy.Epsilon ?? DefaultEpsilon),
            _ => null,
        };
        return algorithm is null || policy.Metric is not (null or BanditMetric.Reward) ? null : new BanditPolicy(algorithm);
    }

    public static string Algorithm(EndpointPolicy policy) => policy.Algorithm ?? BanditAlgorithm.Thompson;

    public override Choice Choose(EndpointRoute route, CallerKeys caller, RandomSource random)
    {
        var live = route.Live;
        var rewards = new ArmRewards[live.Count];
        Span<int> places = live.Count <= MaxOnStack ? stackalloc int[MaxOnStack] : new int[live.Count];
        var count = 0;
        for (var i = 0; i < live.Count; i++)
        {
            if (live[i].Weight > 0)
            {
                places[count] = i;
                rewards[count++] = live[i].Arm.Rewards;
            }
        }

        if (count == 0)
        {
            return ByWeight(route, random, ChoiceReason.Weight);
        }

        var arms = rewards.AsSpan(0, count);
        var chosen = algorithm.Choose(arms, random);
        return new Choice(live[places[chosen]], chosen == Arms.Best(arms) ? ChoiceReason.Exploit : ChoiceReason.Explore);
    }
}
