using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Models;

namespace MlSystem.Training.Tests.Recommendation;

public sealed class WarmStartTests
{
    private static readonly ImplicitAlsOptions Options = new() { Factors = 12, Alpha = 10, Regularisation = 5 };

    [Fact]
    public void One_iteration_of_als_from_a_parent_of_older_data_is_worth_several_from_nothing()
    {
        var (older, all) = Data();
        var parent = ImplicitAls.Fit(older, Options with { Iterations = 15 }, new FitContext());
        var start = new WarmStart([.. older.Items.Ids], parent.ItemFactors);
        var warm = Loss(all, ImplicitAls.Fit(all, Options with { Iterations = 1 }, new FitContext(), start));
        var cold = Enumerable.Range(1, 4).Select(n => Loss(all, ImplicitAls.Fit(all, Options with { Iterations = n }, new FitContext()))).ToArray();
        Assert.All(cold.Take(3), loss => Assert.True(warm < loss, $"warm {warm}, cold {string.Join(", ", cold)}"));
    }

    [Fact]
    public void One_epoch_of_bpr_from_a_parent_orders_more_pairs_than_one_from_nothing()
    {
        var (older, all) = Data();
        var options = new BprOptions { Factors = 12 };
        var parent = Bpr.Fit(older, options with { Epochs = 60 }, new FitContext());
        var warm = Bpr.Fit(all, options with { Epochs = 1 }, new FitContext(), new WarmStart([.. older.Items.Ids], parent.ItemFactors, parent.ItemBias));
        var cold = Bpr.Fit(all, options with { Epochs = 1 }, new FitContext());
        Assert.True(OrderedPairs(all, warm) > OrderedPairs(all, cold) + 0.02, $"warm {OrderedPairs(all, warm)}, cold {OrderedPairs(all, cold)}");
    }

    /// <summary>Interactions, and the first nine tenths of them.</summary>
    private static (Interactions Older, Interactions All) Data()
    {
        var all = Sets.Grouped(users: 120, items: 80, each: 20, groups: 8);
        var rows = Enumerable.Range(0, all.Users.Count).SelectMany(u => all.ByUser[u].Indices.ToArray().Select(i => (User: all.Users.Ids[u], Item: all.Items.Ids[i]))).ToList();
        var older = rows.Where((_, n) => n % 10 != 0).ToList();
        return (Interactions.Of([.. older.Select(r => r.User)], [.. older.Select(r => r.Item)]), Interactions.Of([.. rows.Select(r => r.User)], [.. rows.Select(r => r.Item)]));
    }

    /// <summary>What Hu, Koren and Volinsky minimise, summed over every pair.</summary>
    private static double Loss(Interactions data, FactorModel model)
    {
        var loss = 0.0;
        for (var user = 0; user < data.Users.Count; user++)
        {
            var scores = new float[model.ItemCount];
            model.ScoreUser(user, scores);
            var seen = data.ByUser[user].Indices.ToArray().ToHashSet();
            loss += scores.Select((score, item) => seen.Contains(item) ? (1 + Options.Alpha!.Value) * Math.Pow(1 - score, 2) : Math.Pow(score, 2)).Sum();
        }

        return loss + (Options.Regularisation!.Value * (model.UserFactors.Values.ToArray().Sum(v => (double)v * v) + model.ItemFactors.Values.ToArray().Sum(v => (double)v * v)));
    }

    /// <summary>Share of pairs of a seen and an unseen item that the serving form orders rightly.</summary>
    private static double OrderedPairs(Interactions data, FactorModel model)
    {
        var (right, pairs) = (0L, 0L);
        for (var user = 0; user < data.Users.Count; user++)
        {
            var scores = new float[model.ItemCount];
            model.Score(data.ByUser[user], scores);
            var seen = data.ByUser[user].Indices.ToArray().ToHashSet();
            foreach (var unseen in Enumerable.Range(0, model.ItemCount).Where(i => !seen.Contains(i)))
            {
                right += seen.Count(i => scores[i] > scores[unseen]);
                pairs += seen.Count;
            }
        }

        return (double)right / pairs;
    }
}
