using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Evaluation;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Hybrids;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Tests.Recommendation;

public sealed class BprTests
{
    private static readonly BprOptions Small = new() { Factors = 10, Epochs = 60 };

    [Fact]
    public void It_ranks_better_than_popularity_also_by_the_serving_form()
    {
        var (train, held) = HoldOut.OfEachUser(Sets.Grouped(users: 200, items: 80), 0.2, 3);
        var context = new FitContext(2);
        var model = Bpr.Fit(train, Small, context);
        var popular = RankingEvaluation.Evaluate(PopularityModel.Fit(train), train, held.ByUser, 10, context).Ndcg;
        Assert.True(RankingEvaluation.Evaluate(model, train, held.ByUser, 10, context).Ndcg > popular * 1.5);
        Assert.True(RankingEvaluation.Evaluate(model, train.ByUser, train, held.ByUser, 10, context).Ndcg > popular * 1.5);
    }

    [Fact]
    public void The_same_seed_and_threads_give_the_same_factors()
    {
        var data = Sets.Grouped();
        Assert.Equal(Bpr.Fit(data, Small, new FitContext(2, 9)).ItemFactors.Values, Bpr.Fit(data, Small, new FitContext(2, 9)).ItemFactors.Values);
        Assert.NotEqual(Bpr.Fit(data, Small, new FitContext(2, 9)).ItemFactors.Values, Bpr.Fit(data, Small, new FitContext(2, 8)).ItemFactors.Values);
    }

    [Fact]
    public void Blocks_visit_every_entry_once_and_no_row_twice_at_a_time()
    {
        var data = Sets.Grouped();
        var blocks = new Blocks(data.ByUser, 3, 4);
        var seen = new int[data.Count];
        blocks.Epoch(0, new FitContext(), (entries, block, _) =>
        {
            foreach (var at in entries)
            {
                Interlocked.Increment(ref seen[at]);
                Assert.Contains(data.ByUser.Indices[at], blocks.ItemsOf[block]);
            }
        });
        Assert.All(seen, n => Assert.Equal(1, n));
    }

    [Fact]
    public void A_user_who_has_everything_is_no_error()
    {
        var model = Bpr.Fit(Sets.Of(("u", "a", 1), ("u", "b", 1)), Small, new FitContext(4));
        Assert.All(model.ItemFactors.Values, v => Assert.True(float.IsFinite(v)));
    }

    [Fact]
    public void A_hybrid_is_the_weighted_sum_of_scaled_scores_and_is_no_worse_than_popularity()
    {
        var parts = new HybridModel([HybridPart.Of(new PopularityModel([0, 2, 4]), 0.5f), HybridPart.Of(new PopularityModel([30, 0, 0]), 0.25f)]);
        var scores = new float[3];
        parts.ScoreUser(0, scores);
        var (first, second) = (Math.Sqrt(8.0 / 3), Math.Sqrt(200));
        Assert.Equal([(float)(0.25 * 30 / second), (float)(1 / first), (float)(2 / first)], scores, (a, b) => Math.Abs(a - b) < 1e-5);

        var (train, held) = HoldOut.OfEachUser(Sets.Grouped(), 0.2, 3);
        var context = new FitContext(2);
        var hybrid = Hybrid.Fit(train, new HybridOptions { Als = new ImplicitAlsOptions { Factors = 8 } }, context);
        Assert.True(RankingEvaluation.Evaluate(hybrid, train, held.ByUser, 10, context).Ndcg > RankingEvaluation.Evaluate(PopularityModel.Fit(train), train, held.ByUser, 10, context).Ndcg);
        Assert.Equal(1, hybrid.Parts.Sum(p => p.Weight), 5);
    }
}
