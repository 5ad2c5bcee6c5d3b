using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Evaluation;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Neighbours;
using MlSystem.Training.Recommendation.Numerics;
using MlSystem.Training.Recommendation.Serving;
using MlSystem.Training.Recommendation.TwoTower;

namespace MlSystem.Training.Tests.Recommendation.Serving;

public sealed class RankingGraphTests
{
    private const int Top = 10;

    public static TheoryData<string> Models => ["popularity", "als", "neighbours", "ease", "two_tower"];

    [Theory]
    [MemberData(nameof(Models))]
    public void The_graph_ranks_as_the_model_does(string name)
    {
        var data = Data();
        var model = Model(name, data);
        using var session = Session(model, data, Top);
        for (var user = 0; user < data.Users.Count; user++)
        {
            var history = data.ByUser[user];
            string[] ids = [.. history.Indices.ToArray().Select(i => data.Items.Ids[i])];
            var (items, scores) = Run(session, ids);
            var all = new float[data.Items.Count];
            model.Score(history, all);
            var expected = new TopItems(Top).Find([.. all], history.Indices).ToArray();
            for (var k = 0; k < expected.Length; k++)
            {
                var wanted = all[expected[k]];
                Assert.True(MathF.Abs(scores[k] - wanted) <= 1e-5f * MathF.Max(1, MathF.Abs(wanted)), $"user {user}, place {k}: {scores[k]:R} instead of {wanted:R}");
                Assert.Equal(scores[k], all[data.Items.Find(items[k])], 1e-4f);
            }

            Assert.Empty(items.Where(i => i.Length > 0).Intersect(ids));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Histories_of_few_items_are_scored_as_the_model_does(string name)
    {
        var data = Data();
        var model = Model(name, data);
        using var session = Session(model, data, Top);
        foreach (var count in new[] { 1, 2, 3, 4, 5, 6, 8 })
        {
            var whole = data.ByUser[5];
            var history = new SparseRow(whole.Indices[..count], whole.Values[..count]);
            var (_, scores) = Run(session, [.. history.Indices.ToArray().Select(i => data.Items.Ids[i])]);
            var all = new float[data.Items.Count];
            model.Score(history, all);
            var expected = new TopItems(Top).Find([.. all], history.Indices).ToArray();
            Assert.All(expected.Zip(scores), e => Assert.True(MathF.Abs(all[e.First] - e.Second) <= 1e-5f * MathF.Max(1, MathF.Abs(all[e.First])), $"{count} items: {e.Second:R} instead of {all[e.First]:R}"));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Repeated_and_unknown_ids_and_padding_change_nothing(string name)
    {
        var data = Data();
        using var session = Session(Model(name, data), data, Top);
        string[] ids = [.. data.ByUser[3].Indices.ToArray().Select(i => data.Items.Ids[i])];
        var plain = Run(session, ids);
        var noisy = Run(session, ["", ids[0], "never seen", .. ids, ids[^1], ids[^1], ""]);
        Assert.Equal(plain.Items, noisy.Items);
        Assert.All(plain.Scores.Zip(noisy.Scores), s => Assert.Equal(s.First, s.Second, 1e-4f));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Who_has_no_known_item_gets_the_most_popular(string name)
    {
        var data = Data();
        using var session = Session(Model(name, data), data, Top);
        var popular = PopularityModel.Fit(data).Scores;
        string[] expected = [.. Enumerable.Range(0, popular.Length).OrderByDescending(i => popular[i]).ThenBy(i => i).Take(Top).Select(i => data.Items.Ids[i])];
        Assert.Equal(expected, Run(session, [""]).Items);
        Assert.Equal(expected, Run(session, ["never", "seen"]).Items);
    }

    [Fact]
    public void What_is_left_of_a_small_catalogue_is_returned_and_no_more()
    {
        var data = Interactions.Of(["u", "u", "v"], ["a", "b", "c"]);
        using var session = Session(PopularityModel.Fit(data), data, Top);
        Assert.Equal(["c", "", ""], Run(session, ["a", "b"]).Items);
    }

    private static Interactions Data()
    {
        var random = new SplitMix64(7);
        List<string> users = [], items = [];
        for (var row = 0; row < 3000; row++)
        {
            var user = random.Next(80);
            users.Add($"u{user}");
            items.Add($"i{(random.Next(60) + (user % 4 * 40)) % 200}");
        }

        return Interactions.Of(users, items);
    }

    private static IRankingModel Model(string name, Interactions data) => name switch
    {
        "popularity" => PopularityModel.Fit(data),
        "als" => ImplicitAls.Fit(data, new ImplicitAlsOptions { Factors = 32, Iterations = 4, Alpha = 20, Regularisation = 10 }, new FitContext()),
        "neighbours" => new ItemNeighbourModel(Sparse(data), ValueWeighting.Binary, data.ByUser),
        "ease" => new EaseModel(FactorMatrix.Random(data.Items.Count, data.Items.Count, 0.1f, 5), ValueWeighting.Binary, data.ByUser),
        _ => new TwoTowerModel(
            FactorMatrix.Random(data.Items.Count, 16, 0.3f, 1),
            [new DenseLayer(FactorMatrix.Random(24, 16, 0.3f, 2), new float[24], IsLast: false), new DenseLayer(FactorMatrix.Random(8, 24, 0.3f, 3), new float[8], IsLast: true)],
            FactorMatrix.Random(data.Items.Count, 8, 0.3f, 4),
            new float[data.Items.Count]),
    };

    private static SparseMatrix Sparse(Interactions data) => data.Items.Count <= data.Users.Count
        ? data.ByUser
        : new SparseMatrix(
            data.Items.Count, data.Items.Count, [.. Enumerable.Range(0, data.Items.Count + 1).Select(i => i * 2)],
            [.. Enumerable.Range(0, data.Items.Count).SelectMany(i => new[] { (i + 1) % data.Items.Count, (i + 7) % data.Items.Count }.Order())],
            [.. Enumerable.Range(0, data.Items.Count * 2).Select(i => 0.1f + (i % 13 * 0.07f))]);

    private static InferenceSession Session(IRankingModel model, Interactions data, int top) =>
        new(RankingGraph.Write(model, data.Items, PopularityModel.Fit(data).Scores, top, new Dictionary<string, string>()).ToBytes());

    private static (string[] Items, float[] Scores) Run(InferenceSession session, string[] history)
    {
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("history", new DenseTensor<string>(history, [1, history.Length]))]);
        return ([.. results[0].AsEnumerable<string>()], [.. results[1].AsEnumerable<float>()]);
    }
}
