using System.Globalization;
using MlSystem.Quality.Data;
using MlSystem.Quality.Suites;
using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Evaluation;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Hybrids;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Neighbours;

namespace MlSystem.Quality.Implicit;

/// <summary>Implicit feedback: the best ten of the whole catalogue.</summary>
internal sealed class ImplicitSuite : IQualitySuite
{
    private const int K = 10;

    private static readonly (string Name, Func<Interactions, FitContext, IUserRankingModel> Fit, double? Ndcg, double? Recall, Bar? Reach, Bar? Beyond)[] Models =
    [
        ("popularity", (d, _) => PopularityModel.Fit(d), 0.1980, 0.0685, Bar.Within(0.1980, 0.001), null),
        ("item-kNN", (d, c) => ItemKnn.Fit(d, new KnnOptions(), c), 0.3551, 0.1474, null, null),
        ("user-kNN", (d, c) => UserKnn.Fit(d, new KnnOptions(), c), 0.3136, 0.1302, null, null),
        ("EASE", (d, c) => Ease.Fit(d, new EaseOptions(), c), 0.3698, 0.1542, Bar.AtLeast(0.3698 - 0.001), null),
        ("ALS", (d, c) => ImplicitAls.Fit(d, new ImplicitAlsOptions(), c), 0.3719, 0.1567, Bar.AtLeast(0.367), null),
        ("iALS", (d, c) => ImplicitAls.Fit(d, new ImplicitAlsOptions { Loss = ImplicitLoss.Ials, RegularisationExponent = 1 }, c), 0.3602, 0.1489, null, null),
        ("BPR", (d, c) => Bpr.Fit(d, new BprOptions(), c), 0.2989, 0.1168, Bar.AtLeast(0.295), null),
        ("hybrid", (d, c) => Hybrid.Fit(d, new HybridOptions(), c), null, null, null, Bar.AtLeast(0.380)),
    ];

    public string Name => "implicit";

    public string Protocol =>
        "MovieLens latest-small, implicit `hash` split: a quarter of each user's pairs is relevant, full ranking over the training items that the user doesn't have, ties to the smaller id. Served: users are known by their history alone.";

    public async Task<IReadOnlyList<QualityRow>> RunAsync(SuiteContext context, CancellationToken cancellation)
    {
        var (trainRows, testRows) = (await MovieLens.LoadAsync(context.Data, cancellation)).ImplicitHash();
        var train = trainRows.ToInteractions();
        var relevant = testRows.RelevantIn(train);
        var fit = FitContext.AllCores() with { Cancellation = cancellation };
        List<QualityRow> rows = [];
        var best = 0.0;
        foreach (var (name, train1, ndcg, recall, reach, beyond) in Models)
        {
            var model = train1(train, fit);
            var result = RankingEvaluation.Evaluate(model, train, relevant, K, fit);
            context.Log(string.Create(CultureInfo.InvariantCulture, $"{name} {result.Ndcg:0.0000}"));
            rows.AddRange(Rows(name, result, ndcg, recall, reach, beyond));
            best = name == "hybrid" ? best : Math.Max(best, result.Ndcg);
            if (model is IRankingModel served)
            {
                rows.Add(new("hash", name, "NDCG@10 served", RankingEvaluation.Evaluate(served, train.ByUser, train, relevant, K, fit).Ndcg));
            }
        }

        rows.Add(new("hash", "best single model", "NDCG@10", best, 0.3719, Bar.AtLeast(0.371)));
        return rows;
    }

    private static QualityRow[] Rows(string name, RankingReport result, double? ndcg, double? recall, Bar? reach, Bar? beyond) =>
    [
        new("hash", name, "NDCG@10", result.Ndcg, ndcg, reach, beyond),
        new("hash", name, "Recall@10", result.Recall, recall),
        new("hash", name, "coverage", result.Coverage),
        new("hash", name, "novelty (bits)", result.Novelty),
    ];
}
