using System.Text.Json;
using MlSystem.Training.Labels;
using MlSystem.Training.Labels.Selection;

namespace MlSystem.Training.Tests.Labels;

public sealed class InformativenessTests
{
    [Theory]
    [InlineData(LabelStrategy.LeastConfident, 0.5)]
    [InlineData(LabelStrategy.Margin, 0.75)]
    [InlineData(LabelStrategy.Entropy, 0.946395)]
    public void Scores_are_those_of_the_survey(string strategy, double expected) =>
        Assert.Equal(expected, Informativeness.Of(strategy, [0.25, 0.25, 0.5]), strategy == LabelStrategy.Margin ? 1e-9 : 1e-6);

    [Fact]
    public void Every_strategy_prefers_an_even_prediction_to_a_sure_one()
    {
        foreach (var strategy in LabelStrategy.All.Except([LabelStrategy.Committee]))
        {
            Assert.True(Informativeness.Of(strategy, [0.5, 0.5]) > Informativeness.Of(strategy, [0.9, 0.1]));
            Assert.InRange(Informativeness.Of(strategy, [1, 0]), -1e-12, 1e-12);
        }
    }

    [Fact]
    public void Votes_that_differ_are_worth_more()
    {
        Assert.Equal(0, Informativeness.OfVotes(["a", "a", "a"]), 1e-12);
        Assert.True(Informativeness.OfVotes(["a", "b", "a"]) < Informativeness.OfVotes(["a", "b", "c"]));
        Assert.Equal(1, Informativeness.OfVotes(["a", "b"]), 1e-12);
    }

    [Fact]
    public void An_outlier_has_the_least_density()
    {
        string[] rows = [.. Enumerable.Range(0, 20).Select(i => $$"""{"x": {{i % 3}}, "c": "a"}"""), """{"x": 50, "c": "z"}"""];
        var densities = Informativeness.Densities([.. rows.Select(r => JsonDocument.Parse(r).RootElement)]);
        Assert.Equal(20, Array.IndexOf(densities, densities.Min()));
    }

    [Fact]
    public void Chance_is_even_and_depends_on_the_id_alone()
    {
        var chances = Enumerable.Range(0, 10_000).Select(i => Informativeness.Chance("q", $"r{i}/0")).ToList();
        Assert.Equal(chances[7], Informativeness.Chance("q", "r7/0"));
        Assert.InRange(chances.Average(), 0.48, 0.52);
        Assert.InRange(chances.Count(c => c < 0.1), 850, 1150);
    }
}
