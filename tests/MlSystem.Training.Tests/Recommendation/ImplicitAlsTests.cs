using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Tests.Recommendation;

public sealed class ImplicitAlsTests
{
    private static readonly ImplicitAlsOptions Small = new() { Factors = 12, Iterations = 4, Alpha = 3, Regularisation = 2 };

    /// <summary>Histories of 1 to 20 items are solved in their number or in the width of the factors.</summary>
    [Theory]
    [InlineData(1, ImplicitLoss.HuKorenVolinsky, 0)]
    [InlineData(5, ImplicitLoss.HuKorenVolinsky, 0)]
    [InlineData(20, ImplicitLoss.HuKorenVolinsky, 0)]
    [InlineData(5, ImplicitLoss.Ials, 0.5)]
    [InlineData(20, ImplicitLoss.Ials, 1)]
    public void Users_solve_the_normal_equations(int each, ImplicitLoss loss, double exponent)
    {
        var data = Sets.Grouped(each: each);
        var options = Small with { Loss = loss, RegularisationExponent = exponent, Regularisation = exponent == 0 ? 2 : 0.05 };
        var model = ImplicitAls.Fit(data, options, new FitContext(2));
        for (var user = 0; user < data.Users.Count; user++)
        {
            var expected = NormalEquations(model.ItemFactors, data.ByUser[user].Indices.ToArray(), options);
            Assert.Equal(expected, model.UserFactors[user].ToArray().Select(v => (double)v), (a, b) => Math.Abs(a - b) < 2e-4);
        }
    }

    [Fact]
    public void The_serving_form_gives_the_trained_scores()
    {
        var data = Sets.Grouped();
        var model = ImplicitAls.Fit(data, Small with { Weighting = ValueWeighting.Linear }, new FitContext());
        var (trained, served) = (new float[model.ItemCount], new float[model.ItemCount]);
        for (var user = 0; user < data.Users.Count; user++)
        {
            model.ScoreUser(user, trained);
            model.Score(data.ByUser[user], served);
            Assert.Equal(trained, served, (a, b) => Math.Abs(a - b) < 1e-4);
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_factors_whatever_the_threads_and_another_seed_others()
    {
        var data = Sets.Grouped();
        var one = ImplicitAls.Fit(data, Small, new FitContext(1, 5)).ItemFactors.Values;
        Assert.Equal(one, ImplicitAls.Fit(data, Small, new FitContext(3, 5)).ItemFactors.Values);
        Assert.NotEqual(one, ImplicitAls.Fit(data, Small, new FitContext(1, 6)).ItemFactors.Values);
    }

    [Fact]
    public void A_warm_start_is_nearer_to_the_end_after_one_iteration()
    {
        var data = Sets.Grouped(users: 200, items: 80);
        var end = ImplicitAls.Fit(data, Small with { Iterations = 30 }, new FitContext());
        var parent = new WarmStart(data.Items.Ids, end.ItemFactors);
        double Loss(FactorModel m) => Enumerable.Range(0, data.Users.Count).Sum(u => SquaredLoss(m, data.ByUser, u));
        var cold = Loss(ImplicitAls.Fit(data, Small with { Iterations = 1 }, new FitContext()));
        var warm = Loss(ImplicitAls.Fit(data, Small with { Iterations = 1 }, new FitContext(), parent));
        Assert.True(warm < cold, $"{warm} after a warm start, {cold} after a cold one");
        Assert.Throws<ArgumentException>(() => ImplicitAls.Fit(data, Small with { Factors = 8 }, new FitContext(), parent));
    }

    [Fact]
    public void Open_settings_are_chosen_and_users_get_items_of_their_group()
    {
        var data = Sets.Grouped();
        var model = ImplicitAls.Fit(data, new ImplicitAlsOptions { Factors = 8 }, new FitContext(2));
        var scores = new float[model.ItemCount];
        model.Score(new SparseRow([0, 4, 8], [1, 1, 1]), scores);
        var best = Enumerable.Range(0, scores.Length).Except([0, 4, 8]).MaxBy(i => scores[i]);
        Assert.Equal(0, best % 4);
        Assert.True(model.FoldIn.Alpha > 0 && model.FoldIn.Regularisation > 0);
    }

    [Fact]
    public void Wrong_settings_and_factors_that_run_away_are_named()
    {
        Assert.Contains("factors", Assert.Throws<ArgumentException>(() => ImplicitAls.Fit(Sets.Grouped(), new ImplicitAlsOptions { Factors = 0 }, new FitContext())).Message, StringComparison.Ordinal);
        var huge = Sets.Of(("u", "a", float.MaxValue), ("v", "b", float.MaxValue));
        var error = Assert.Throws<DivergenceException>(() => ImplicitAls.Fit(huge, Small with { Weighting = ValueWeighting.Linear }, new FitContext()));
        Assert.Equal(1, error.Epoch);
        Assert.Contains("item factors", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_interaction_is_enough()
    {
        var model = ImplicitAls.Fit(Sets.Of(("u", "a", 1)), new ImplicitAlsOptions(), new FitContext());
        Assert.All(model.ItemFactors.Values, v => Assert.True(float.IsFinite(v)));
    }

    private static double[] NormalEquations(FactorMatrix items, int[] history, ImplicitAlsOptions options)
    {
        var k = items.Width;
        var (matrix, right) = (new double[k, k], new double[k]);
        var alpha = options.Alpha!.Value;
        var lambda = options.Regularisation!.Value * Math.Pow((alpha * history.Length) + items.Rows, options.RegularisationExponent);
        for (var a = 0; a < k; a++)
        {
            matrix[a, a] += lambda;
            for (var i = 0; i < items.Rows; i++)
            {
                var seen = history.Contains(i);
                right[a] += seen ? ((options.Loss == ImplicitLoss.HuKorenVolinsky ? 1 : 0) + alpha) * items[i][a] : 0;
                for (var b = 0; b < k; b++)
                {
                    matrix[a, b] += (1 + (seen ? alpha : 0)) * items[i][a] * items[i][b];
                }
            }
        }

        return Sets.Solve(matrix, right);
    }

    private static double SquaredLoss(FactorModel model, SparseMatrix seen, int user)
    {
        var scores = new float[model.ItemCount];
        model.ScoreUser(user, scores);
        return scores.Select((s, i) => seen[user].Indices.Contains(i) ? 4 * (1 - s) * (1 - s) : s * s).Sum();
    }
}
