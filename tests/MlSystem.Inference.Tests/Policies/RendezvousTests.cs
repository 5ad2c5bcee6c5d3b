using System.Globalization;
using System.Text;
using MlSystem.Inference.Policies;

namespace MlSystem.Inference.Tests.Policies;

public sealed class RendezvousTests
{
    private const int Keys = 20_000;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    /// <summary>Within four standard deviations of a binomial share.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Variants_get_their_share(int seed)
    {
        var weights = Weights(new Random(seed));
        var counts = Assign("churn", weights).GroupBy(name => name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        var sum = weights.Values.Sum();
        Assert.All(weights, variant =>
        {
            var share = variant.Value / sum;
            var tolerance = (4 * Math.Sqrt(Keys * share * (1 - share))) + 1;
            Assert.InRange(counts.GetValueOrDefault(variant.Key), (Keys * share) - tolerance, (Keys * share) + tolerance);
        });
    }

    /// <summary>Changing one weight, adding a variant and taking one away move exactly as many keys as the shares differ, which no assignment can undercut.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_change_of_one_variant_moves_the_fewest_keys(int seed)
    {
        var random = new Random(seed);
        var before = Weights(random);
        var after = new Dictionary<string, double>(before, StringComparer.Ordinal);
        var changed = before.Keys.ElementAt(random.Next(before.Count));
        switch (seed % 3)
        {
            case 0: after[changed] *= random.NextDouble() * 3; break;
            case 1: after["new"] = random.NextDouble(); break;
            default: after.Remove(changed); break;
        }

        AssertFewestMoves(before, after);
    }

    /// <summary>Of two variants only the ratio counts, so that 90 to 10 becomes 50 to 50 with the fewest moves, too.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_change_of_two_variants_moves_the_fewest_keys(int seed)
    {
        var random = new Random(seed);
        AssertFewestMoves(
            new Dictionary<string, double>(StringComparer.Ordinal) { ["a"] = random.NextDouble(), ["b"] = random.NextDouble() },
            new Dictionary<string, double>(StringComparer.Ordinal) { ["a"] = random.NextDouble() * 100, ["b"] = random.NextDouble() * 100 });
    }

    [Fact]
    public void Experiments_are_independent()
    {
        var weights = new Dictionary<string, double>(StringComparer.Ordinal) { ["a"] = 1, ["b"] = 1 };
        var both = Assign("one", weights).Zip(Assign("two", weights)).Count(pair => pair is { First: "a", Second: "a" });
        Assert.InRange(both, (Keys / 4) - 250, (Keys / 4) + 250);
    }

    [Fact]
    public void A_weight_of_0_gets_nothing() =>
        Assert.DoesNotContain("b", Assign("churn", new Dictionary<string, double>(StringComparer.Ordinal) { ["a"] = 1e-9, ["b"] = 0 }));

    /// <summary>Replicas of other releases must agree: these values never change.</summary>
    [Fact]
    public void The_hash_stays_what_it_is()
    {
        var weights = new Dictionary<string, double>(StringComparer.Ordinal) { ["champion"] = 0.5, ["challenger"] = 0.3, ["third"] = 0.2 };
        Assert.Equal(Pinned, string.Concat(Assign("churn", weights).Take(32).Select(name => name[^1])));
    }

    private const string Pinned = "nrnnndndnnnrnndrdrrdndnrnrrnrnrn";

    private static void AssertFewestMoves(Dictionary<string, double> before, Dictionary<string, double> after)
    {
        var first = Assign("churn", before);
        var second = Assign("churn", after);
        var moved = first.Zip(second).Count(pair => pair.First != pair.Second);
        var difference = before.Keys.Union(after.Keys, StringComparer.Ordinal).Sum(name => Math.Abs(first.Count(n => n == name) - second.Count(n => n == name)));
        Assert.True(moved > 0);
        Assert.Equal(difference / 2, moved);
    }

    private static Dictionary<string, double> Weights(Random random) =>
        Enumerable.Range(0, random.Next(2, 7)).ToDictionary(i => $"variant-{i}", _ => random.NextDouble() + 0.01, StringComparer.Ordinal);

    private static List<string> Assign(string endpoint, Dictionary<string, double> weights)
    {
        var seed = Rendezvous.Seed(endpoint);
        var variants = weights.Select(variant => (variant.Key, Hash: Rendezvous.OfVariant(variant.Key), variant.Value)).ToList();
        return [.. Enumerable.Range(0, Keys).Select(key =>
        {
            var hash = Rendezvous.OfKey(seed, Encoding.UTF8.GetBytes(key.ToString(CultureInfo.InvariantCulture)));
            return variants.MaxBy(variant => Rendezvous.Score(hash, variant.Hash, variant.Value)).Key;
        })];
    }
}
