using MlSystem.Training.Gates.Statistics;

namespace MlSystem.Training.Tests.Gates;

public sealed class StatisticsTests
{
    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(1, 0.8413447460685429)]
    [InlineData(-1.959963984540054, 0.025)]
    [InlineData(-5, 2.866515718791939e-7)]
    public void The_normal_distribution_and_its_quantiles_agree_with_tables(double z, double p)
    {
        Assert.Equal(p, NormalDistribution.Cumulative(z), p * 1e-6);
        Assert.Equal(1 - p, NormalDistribution.Tail(z), 1e-6);
        Assert.Equal(z, NormalDistribution.Quantile(p), 1e-5);
    }

    [Fact]
    public void The_paired_test_gives_the_normal_tail_and_its_bound()
    {
        // Mean 0.1, standard deviation 1, n = 100 → z = 1 → p = 0.158655; the bound at 5 % is 0.1 + 1.644854 · 0.1.
        var scale = Math.Sqrt(99.0 / 100);
        double[] challenger = [.. Enumerable.Range(0, 100).Select(i => ((i % 2 == 0 ? 1.0 : -1.0) * scale) + 0.1)];
        var estimate = PairedMeans.Compare(challenger, new double[100]);
        Assert.Equal(0.1, estimate.Difference, 10);
        Assert.Equal(0.158655, estimate.WorseP, 1e-6);
        Assert.Equal(0.2644854, estimate.UpperBound(0.05), 1e-6);
        var same = PairedMeans.Compare(challenger, challenger);
        Assert.Equal((0, 1, 0), (same.Difference, same.WorseP, same.UpperBound(0.05)));
    }

    [Fact]
    public void McNemar_sums_the_binomial_for_few_discordant_rows_and_is_normal_for_many()
    {
        Assert.Equal(56 / 1024.0, McNemar.WorseP(8, 2), 12);
        Assert.Equal(1, McNemar.WorseP(0, 0));
        Assert.Equal(1, McNemar.WorseP(0, 10), 12);

        // z = (60 - 40 - 1) / 10.
        Assert.Equal(NormalDistribution.Tail(1.9), McNemar.WorseP(60, 40), 12);
        bool[] challenger = [.. Enumerable.Range(0, 100).Select(i => i < 18)];
        bool[] champion = [.. Enumerable.Range(0, 100).Select(i => i is >= 8 and < 20)];
        var estimate = McNemar.Compare(challenger, champion);
        Assert.Equal((0.18, 0.12, 0.06), (estimate.Challenger, estimate.Champion, Math.Round(estimate.Difference, 12)));
        Assert.Equal(McNemar.WorseP(8, 2), estimate.WorseP);
        Assert.Equal(Math.Sqrt(10 - (36 / 100.0)) / 100, estimate.StandardError!.Value, 12);
    }

    [Fact]
    public void DeLong_agrees_with_its_definition_also_with_ties()
    {
        var random = new Random(7);
        bool[] positive = [.. Enumerable.Range(0, 120).Select(_ => random.NextDouble() < 0.4)];
        float[] first = [.. positive.Select(p => MathF.Round((float)random.NextDouble() + (p ? 0.5f : 0), 1))];
        float[] second = [.. first.Select(s => MathF.Round(s + (0.6f * (float)random.NextDouble()), 1))];
        var estimate = DeLong.Compare(positive, first, second)!;
        Assert.Equal(ByPairs(positive, first), estimate.Challenger, 12);
        Assert.Equal(ByPairs(positive, second), estimate.Champion, 12);
        Assert.Equal(estimate.Champion - estimate.Challenger, estimate.Difference, 12);
        Assert.Equal(ErrorByPairs(positive, first, second), estimate.StandardError!.Value, 12);
        Assert.Null(DeLong.Compare([.. positive.Select(_ => true)], first, second));
    }

    [Fact]
    public void The_bootstrap_agrees_with_the_normal_tail_and_repeats_itself()
    {
        var random = new Random(3);
        double[] champion = [.. Enumerable.Range(0, 400).Select(_ => random.NextDouble())];
        double[] challenger = [.. champion.Select(l => l + 0.02 + (0.4 * (random.NextDouble() - 0.5)))];
        var normal = PairedMeans.Compare(challenger, champion);
        var drawn = PairedBootstrap.Means(challenger, champion, 4000, seed: 1);
        Assert.Equal(normal.Difference, drawn.Difference, 12);
        Assert.Equal(normal.WorseP, drawn.WorseP, 0.015);
        Assert.Equal(normal.UpperBound(0.05), drawn.UpperBound(0.05), 0.1 * normal.StandardError!.Value);
        Assert.Equal(drawn.WorseP, PairedBootstrap.Means(challenger, champion, 4000, seed: 1).WorseP);
        Assert.Equal(1, PairedBootstrap.Means(champion, champion, 100, seed: 1).WorseP);
    }

    [Fact]
    public void The_bootstrap_knows_which_way_a_metric_is_worse_and_when_it_is_not_defined()
    {
        var better = PairedBootstrap.Compare(50, _ => 0.9, _ => 0.8, worseIsMore: false, 100, 1)!;
        Assert.Equal((-0.1, 1), (Math.Round(better.Difference, 12), better.WorseP));
        Assert.Null(PairedBootstrap.Compare(50, _ => null, _ => 0.8, worseIsMore: false, 100, 1));
        Assert.Null(PairedBootstrap.Compare(3, rows => rows.Distinct().Count() == 3 ? 1 : null, _ => 0.8, worseIsMore: false, 200, 1));
    }

    private static double ByPairs(bool[] positive, float[] scores) => Pairs(positive, scores).Average(p => p.Value);

    private static List<(int Positive, int Negative, double Value)> Pairs(bool[] positive, float[] scores) =>
    [
        .. from p in Enumerable.Range(0, scores.Length).Where(i => positive[i])
           from n in Enumerable.Range(0, scores.Length).Where(i => !positive[i])
           select (p, n, scores[p] > scores[n] ? 1 : scores[p] == scores[n] ? 0.5 : 0),
    ];

    /// <summary>Variances and covariance of the structural components, each written out.</summary>
    private static double ErrorByPairs(bool[] positive, float[] first, float[] second)
    {
        var (a, b) = (Pairs(positive, first), Pairs(positive, second));
        return Math.Sqrt(Part(p => p.Positive) + Part(p => p.Negative));

        double Part(Func<(int Positive, int Negative, double Value), int> side)
        {
            var x = a.GroupBy(side).Select(g => g.Average(p => p.Value)).ToArray();
            var y = b.GroupBy(side).Select(g => g.Average(p => p.Value)).ToArray();
            return (Covariance(x, x) + Covariance(y, y) - (2 * Covariance(x, y))) / x.Length;
        }
    }

    private static double Covariance(double[] x, double[] y)
    {
        var (meanX, meanY) = (x.Average(), y.Average());
        return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / (x.Length - 1);
    }
}
