using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;
using MlSystem.Training.Recommendation.Ratings;

namespace MlSystem.Training.Tests.Recommendation;

public sealed class RatingTests
{
    private static readonly Dictionary<string, Func<Interactions, FitContext, IRatingModel>> Trainers = new(StringComparer.Ordinal)
    {
        ["bias"] = (d, _) => BiasFit.Fit(d, new BiasOptions()),
        ["knn"] = (d, c) => RatingKnn.Fit(d, new RatingKnnOptions { Shrinkage = 2 }, c),
        ["als"] = (d, c) => RatingAls.Fit(d, new RatingAlsOptions { Factors = 8 }, c),
        ["mf"] = (d, c) => RatingSgd.Fit(d, new SgdOptions { Factors = 8, LearningRate = 0.05 }, c),
        ["svd++"] = (d, c) => RatingSgd.Fit(d, SgdOptions.SvdPlusPlus with { Factors = 8, LearningRate = 0.05 }, c),
        ["blend"] = (d, c) => RatingBlend.Fit(d, new RatingBlendOptions { Als = new() { Factors = 8 }, MatrixFactorization = new() { Factors = 8 }, SvdPlusPlus = SgdOptions.SvdPlusPlus with { Factors = 8 } }, c),
    };

    public static TheoryData<string> Names => [.. Trainers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Held_out_ratings_are_predicted_better_than_by_the_mean_also_by_the_serving_form(string name)
    {
        var (train, held) = HoldOut.OfEntries(Sets.Grouped(users: 150, each: 20), 0.2, 3);
        var model = Trainers[name](train, new FitContext(2));
        var mean = train.ByUser.Values.Average();
        double trained = 0, served = 0, plain = 0;
        var ratings = new float[train.Items.Count];
        for (var u = 0; u < held.ByUser.Rows; u++)
        {
            model.Predict(train.ByUser[u], ratings);
            for (var e = 0; e < held.ByUser[u].Count; e++)
            {
                var (item, rating) = (held.ByUser[u].Indices[e], held.ByUser[u].Values[e]);
                trained += Math.Pow(rating - model.Predict(u, item), 2);
                served += Math.Pow(rating - ratings[item], 2);
                plain += Math.Pow(rating - mean, 2);
            }
        }

        Assert.True(trained < plain, $"{trained} against {plain}");
        Assert.True(served < plain, $"{served} against {plain}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Unseen_users_and_items_get_the_bias_within_the_scale_and_one_rating_is_enough(string name)
    {
        var model = Trainers[name](Sets.Of(("u", "a", 4)), new FitContext(2));
        Assert.Equal(4, model.Predict(-1, -1), 3);
        Assert.Equal(4, model.Predict(0, -1), 3);
        Assert.Equal(4, model.Predict(-1, 0), 3);
        var ratings = new float[1];
        model.Predict(default, ratings);
        Assert.Equal(4, ratings[0], 3);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_seed_and_threads_give_the_same_predictions(string name)
    {
        var data = Sets.Grouped(users: 30);
        float[] All(IRatingModel model) => [.. Enumerable.Range(0, 30).SelectMany(u => Enumerable.Range(0, data.Items.Count).Select(i => model.Predict(u, i)))];
        Assert.Equal(All(Trainers[name](data, new FitContext(2, 3))), All(Trainers[name](data, new FitContext(2, 3))));
    }

    [Fact]
    public void The_serving_forms_of_bias_neighbours_and_als_are_exact()
    {
        var data = Sets.Grouped();
        foreach (var name in (string[])["bias", "knn", "als"])
        {
            var model = Trainers[name](data, new FitContext());
            var ratings = new float[data.Items.Count];
            for (var u = 0; u < data.Users.Count; u++)
            {
                model.Predict(data.ByUser[u], ratings);
                Assert.All(ratings, (rating, item) => Assert.Equal(model.Predict(u, item), rating, 1e-3f));
            }
        }
    }

    [Fact]
    public void Als_users_solve_the_normal_equations()
    {
        var data = Sets.Grouped(each: 8);
        var model = RatingAls.Fit(data, new RatingAlsOptions { Factors = 6 }, new FitContext());
        for (var u = 0; u < data.Users.Count; u++)
        {
            var row = data.ByUser[u];
            var (matrix, right) = (new double[6, 6], new double[6]);
            for (var e = 0; e < row.Count; e++)
            {
                var q = model.ItemFactors[row.Indices[e]];
                for (var a = 0; a < 6; a++)
                {
                    right[a] += q[a] * (row.Values[e] - model.Bias.Raw(u, row.Indices[e]));
                    matrix[a, a] += 0.1;
                    for (var b = 0; b < 6; b++)
                    {
                        matrix[a, b] += q[a] * q[b];
                    }
                }
            }

            Assert.Equal(Sets.Solve(matrix, right), model.UserFactors[u].ToArray().Select(v => (double)v), (a, b) => Math.Abs(a - b) < 1e-3);
        }
    }

    [Fact]
    public void Biases_solve_their_equations_and_similarities_are_shrunk_correlations()
    {
        var data = Sets.Of(("u", "a", 5), ("u", "b", 4), ("v", "a", 1), ("v", "b", 2), ("w", "a", 4), ("w", "c", 2));
        var bias = BiasFit.Fit(data, new BiasOptions { UserShrinkage = 2 });
        Assert.Equal((5 - bias.Mean - bias.ItemBias[0] + 4 - bias.Mean - bias.ItemBias[1]) / 4, bias.UserBias[0], 4);
        var model = RatingKnn.Fit(data, new RatingKnnOptions { Shrinkage = 3 }, new FitContext());
        var residuals = Sets.Dense(BiasFit.Residuals(data, model.Bias));
        double[] users = [0, 1];
        var (ab, aa, bb) = (users.Sum(u => residuals[(int)u, 0] * residuals[(int)u, 1]), users.Sum(u => Math.Pow(residuals[(int)u, 0], 2)), users.Sum(u => Math.Pow(residuals[(int)u, 1], 2)));
        Assert.Equal(ab > 0 ? ab / Math.Sqrt(aa * bb) * 2 / 5 : 0, Sets.Dense(model.Similarities)[0, 1], 4);
    }

    [Fact]
    public void A_step_that_is_too_long_names_step_epoch_and_matrix()
    {
        var error = Assert.Throws<DivergenceException>(() => RatingSgd.Fit(
            Interactions.Of(["u", "u", "v"], ["a", "b", "a"], [1e30f, -1e30f, 1e30f]), new SgdOptions { LearningRate = 1, EarlyStopping = false }, new FitContext()));
        Assert.Contains("Matrix factorization, epoch", error.Message, StringComparison.Ordinal);
        Assert.True(error.Epoch >= 1);
    }

    [Fact]
    public void A_warm_start_begins_with_the_parents_items()
    {
        var data = Sets.Grouped();
        var options = new SgdOptions { Factors = 8, EarlyStopping = false, LearningRate = 0.03 };
        var end = RatingSgd.Fit(data, options, new FitContext());
        double Error(RatingFactorModel m) => Enumerable.Range(0, data.Users.Count).Sum(u => data.ByUser[u].Indices.ToArray().Select((i, e) => Math.Pow(data.ByUser.Values[data.ByUser.Offsets[u] + e] - m.Predict(u, i), 2)).Sum());
        var cold = Error(RatingSgd.Fit(data, options with { Epochs = 3 }, new FitContext()));
        var warm = Error(RatingSgd.Fit(data, options with { Epochs = 3 }, new FitContext(), new WarmStart(data.Items.Ids, end.ItemFactors, end.Bias.ItemBias)));
        Assert.True(warm < cold, $"{warm} after a warm start, {cold} after a cold one");
    }
}
