using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Evaluation;
using MlSystem.Training.Recommendation.Models;

namespace MlSystem.Training.Tests.Recommendation;

public sealed class RankingEvaluationTests
{
    [Fact]
    public void Metrics_are_those_counted_by_hand()
    {
        // Items a to e, popular in that order; u has a and wants c, e; v has a, b and wants d. Both are recommended the rest by popularity.
        var train = Sets.Of(("u", "a", 1), ("v", "a", 1), ("v", "b", 1), ("w", "a", 1), ("w", "b", 1), ("w", "c", 1), ("w", "d", 1), ("x", "c", 1), ("x", "e", 1));
        var relevant = new SparseMatrix(4, 5, [0, 2, 3, 3, 3], [2, 4, 3], [1, 1, 1]);
        var result = RankingEvaluation.Evaluate(PopularityModel.Fit(train), train, relevant, 2, new FitContext());
        // u: b, c of two relevant (c at 2); v: c, d (d at 2).
        var second = 1 / Math.Log2(3);
        Assert.Equal(2, result.Users);
        Assert.Equal(((second / (1 + second)) + second) / 2, result.Ndcg, 9);
        Assert.Equal((0.5 + 1) / 2, result.Recall, 9);
        Assert.Equal(((0.5 / 2) + 0.5) / 2, result.Map, 9);
        Assert.Equal(0.5, result.Mrr, 9);
        Assert.Equal(1, result.HitRate, 9);
        Assert.Equal(3 / 5.0, result.Coverage, 9);
        Assert.Equal((1 + 1 + 1 + 2) / 4.0, result.Novelty, 9);
    }

    [Fact]
    public void Ties_go_to_the_smaller_position_and_what_is_not_a_number_is_never_found()
    {
        var top = new TopItems(3);
        Assert.Equal([1, 4, 0], top.Find(new float[] { 1, 2, float.NaN, 1, 2, 2 }, [5]).ToArray());
        Assert.Equal([0], top.Find(new float[] { 1, float.NaN }, []).ToArray());
    }
}
