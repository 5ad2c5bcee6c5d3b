using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Neighbours;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Tests.Recommendation;

public sealed class NeighbourTests
{
    /// <summary>More users than items are inverted by item, fewer by user.</summary>
    [Theory]
    [InlineData(90, 30)]
    [InlineData(25, 40)]
    [InlineData(300, 130)]
    public void Ease_is_the_closed_form(int users, int items)
    {
        var data = Sets.Grouped(users, items);
        var model = Ease.Fit(data, new EaseOptions { Regularisation = 7 }, new FitContext(2));
        var n = data.Items.Count;
        var x = Sets.Dense(ValueWeighting.Binary.Apply(data.ByUser));
        var gram = new double[n, n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                gram[i, j] = Enumerable.Range(0, data.Users.Count).Sum(u => x[u, i] * x[u, j]) + (i == j ? 7 : 0);
            }
        }

        for (var j = 0; j < n; j += 7)
        {
            var p = Sets.Solve(gram, [.. Enumerable.Range(0, n).Select(i => i == j ? 1.0 : 0)]);
            for (var i = 0; i < n; i++)
            {
                Assert.Equal(i == j ? 0 : -p[i] / p[j], model.Weights[i][j], 4);
            }
        }
    }

    [Fact]
    public void Too_many_items_for_Ease_are_refused_with_another_way() =>
        Assert.Contains("item_knn", Assert.Throws<TrainingDataException>(() => Ease.Fit(Sets.Grouped(), new EaseOptions { MaximumItems = 10 }, new FitContext())).Message, StringComparison.Ordinal);

    [Fact]
    public void Item_neighbours_are_the_greatest_shrunk_cosines()
    {
        var data = Sets.Grouped();
        var model = ItemKnn.Fit(data, new KnnOptions { Neighbours = 5, Shrinkage = 2, Weighting = ValueWeighting.Linear }, new FitContext(2));
        var (x, weights) = (Sets.Dense(data.ByUser), Sets.Dense(model.Weights));
        double Product(int i, int j) => Enumerable.Range(0, data.Users.Count).Sum(u => x[u, i] * x[u, j]);
        for (var i = 0; i < data.Items.Count; i++)
        {
            var all = Enumerable.Range(0, data.Items.Count).Where(j => j != i).Select(j => (j, s: Product(i, j) / (Math.Sqrt(Product(i, i) * Product(j, j)) + 2)));
            foreach (var (j, similarity) in all.OrderByDescending(a => a.s).ThenBy(a => a.j).Take(5))
            {
                Assert.Equal(similarity, weights[j, i], 4);
            }

            Assert.True(Enumerable.Range(0, data.Items.Count).Count(j => weights[j, i] != 0) <= 5);
        }
    }

    [Fact]
    public void Users_get_what_their_nearest_have()
    {
        var data = Sets.Of(("u", "a", 1), ("u", "b", 1), ("v", "a", 1), ("v", "b", 1), ("v", "c", 1), ("w", "d", 1));
        var model = UserKnn.Fit(data, new KnnOptions { Neighbours = 3, Shrinkage = 0, Weighting = ValueWeighting.Binary }, new FitContext());
        var scores = new float[4];
        model.ScoreUser(0, scores);
        Assert.Equal([0.8165f, 0.8165f, 0.8165f, 0], scores, (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Fact]
    public void Open_settings_are_chosen_and_an_empty_history_scores_nothing()
    {
        var model = ItemKnn.Fit(Sets.Grouped(), new KnnOptions(), new FitContext(2));
        var scores = new float[model.ItemCount];
        model.Score(default, scores);
        Assert.All(scores, s => Assert.Equal(0, s));
    }
}
