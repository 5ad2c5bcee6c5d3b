using MlSystem.Training.Evaluation;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Tests.Steps;

public sealed class GateTests
{
    [Fact]
    public void Thresholds_name_every_breach_and_a_bound_itself_passes()
    {
        SortedDictionary<string, double> metrics = new() { ["auc"] = 0.8, ["log_loss"] = 0.5 };
        Assert.Empty(Gate.Breaches([new() { Metric = "auc", Min = 0.8 }, new() { Metric = "log_loss", Max = 0.5 }], metrics));
        Assert.Equal(
            ["auc 0.8 is below 0.9", "log_loss 0.5 is above 0.4"],
            Gate.Breaches([new() { Metric = "auc", Min = 0.9 }, new() { Metric = "log_loss", Max = 0.4 }], metrics));
        Assert.Single(Gate.Breaches([new() { Metric = "auc", Min = 0 }], new() { ["auc"] = double.NaN }));
    }

    [Fact]
    public void Only_a_significantly_greater_loss_than_the_champions_is_refused()
    {
        var random = new Random(5);
        var champion = Enumerable.Range(0, 500).Select(_ => random.NextDouble()).ToArray();
        Assert.Empty(Gate.Breaches(new ChampionSpec(), PairedTest.Of(champion, champion), 1));
        Assert.Empty(Gate.Breaches(new ChampionSpec(), PairedTest.Of([.. champion.Select(l => l - 0.1)], champion), 1));
        Assert.Empty(Gate.Breaches(new ChampionSpec(), PairedTest.Of([.. champion.Select((l, i) => l + (i % 2 == 0 ? 0.1 : -0.1) + 0.001)], champion), 1));
        Assert.Contains("above version 7", Assert.Single(Gate.Breaches(new ChampionSpec(), PairedTest.Of([.. champion.Select(l => l + (random.NextDouble() * 0.1))], champion), 7)), StringComparison.Ordinal);
        Assert.Single(Gate.Breaches(new ChampionSpec(), test: null, 1));
        Assert.Single(Gate.Breaches(new ChampionSpec(), PairedTest.Of([double.NaN, 0.1], [0.1, 0.2]), 1));
    }

    [Fact]
    public void The_paired_test_gives_the_normal_tail()
    {
        // Mean 0.1, standard deviation 1, n = 100 → z = 1 → p = 0.158655.
        double[] differences = [.. Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? 1.0 : -1.0)];
        var scale = Math.Sqrt(99.0 / 100);
        var test = PairedTest.Of([.. differences.Select(d => (d * scale) + 0.1)], new double[100]);
        Assert.Equal(0.1, test.MeanDifference, 10);
        Assert.Equal(0.158655, test.PValue, 1e-6);
    }
}
