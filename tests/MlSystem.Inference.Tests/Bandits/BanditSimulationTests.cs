using MlSystem.Inference.Bandits;
using MlSystem.Inference.Routing;

namespace MlSystem.Inference.Tests.Bandits;

/// <summary>Seeded Bernoulli arms: every algorithm finds the best one, with regret below its bound.</summary>
public sealed class BanditSimulationTests
{
    private const int Rounds = 5000;
    private static readonly double[] Means = [0.2, 0.35, 0.6, 0.45];

    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5];

    /// <summary>
    /// Thompson's expected regret here is Σ Δ ln T / KL ≈ 40 (Kaufmann, Korda and Munos 2012), UCB1's bound is Σ 8 ln T / Δ ≈ 1,000,
    /// epsilon-greedy's cost of exploring is ε T mean(Δ) ≈ 100.
    /// </summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Thompson_sampling_finds_the_best_arm(int seed) => AssertFinds(new ThompsonSampling(), seed, delay: 0, maxRegret: 200);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Ucb1_finds_the_best_arm(int seed) => AssertFinds(new Ucb1(), seed, delay: 0, maxRegret: 500);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Epsilon_greedy_finds_the_best_arm(int seed) => AssertFinds(new EpsilonGreedy(0.1), seed, delay: 0, maxRegret: 350);

    /// <summary>Feedback that comes 500 requests late.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Late_feedback_only_delays_it(int seed) => AssertFinds(new ThompsonSampling(), seed, delay: 500, maxRegret: 400);

    [Fact]
    public void Fractional_rewards_are_shares_of_a_success()
    {
        var arm = new ArmRewards(4, 1.5);
        Assert.Equal((2.5, 3.5, 0.375), (arm.Alpha, arm.Beta, arm.Mean));
    }

    /// <summary>Mean a / (a + b) and variance ab / ((a + b)² (a + b + 1)) of what Thompson sampling draws, seen through its choices: P(X &gt; Y) of Beta(3, 2) and Beta(2, 3) is 0.757.</summary>
    [Fact]
    public void Thompson_sampling_draws_from_the_posterior()
    {
        var random = new RandomSource(1);
        ArmRewards[] arms = [new(3, 2), new(3, 1)];
        var first = Enumerable.Range(0, 20_000).Count(_ => new ThompsonSampling().Choose(arms, random) == 0);
        Assert.InRange(first / 20_000.0, 0.74, 0.775);
    }

    [Fact]
    public void Until_every_arm_has_a_reward_all_are_chosen_alike()
    {
        var random = new RandomSource(1);
        ArmRewards[] arms = [new(100, 99), new(0, 0), new(50, 1)];
        foreach (var algorithm in (IBanditAlgorithm[])[new Ucb1(), new EpsilonGreedy(0)])
        {
            var counts = new int[3];
            for (var i = 0; i < 3000; i++)
            {
                counts[algorithm.Choose(arms, random)]++;
            }

            Assert.All(counts, count => Assert.InRange(count, 850, 1150));
        }
    }

    private static void AssertFinds(IBanditAlgorithm algorithm, int seed, int delay, double maxRegret)
    {
        var random = new RandomSource((ulong)seed);
        var rewards = new Random(seed);
        var arms = Means.Select(_ => new ArmRewards(0, 0)).ToArray();
        var late = new Queue<(int Arm, double Reward)>();
        var regret = 0.0;
        var bestAtTheEnd = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var arm = algorithm.Choose(arms, random);
            regret += Means.Max() - Means[arm];
            bestAtTheEnd += round >= Rounds - 1000 && arm == 2 ? 1 : 0;
            late.Enqueue((arm, rewards.NextDouble() < Means[arm] ? 1 : 0));
            if (late.Count > delay)
            {
                var (pulled, reward) = late.Dequeue();
                arms[pulled] = new ArmRewards(arms[pulled].Pulls + 1, arms[pulled].Sum + reward);
            }
        }

        Assert.True(regret < maxRegret, $"the regret is {regret}");
        Assert.True(bestAtTheEnd > 700, $"the best arm got {bestAtTheEnd} of the last 1,000");
    }
}
