using MlSystem.Quality.Data;
using MlSystem.Quality.Suites;
using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Ratings;

namespace MlSystem.Quality.Ratings;

/// <summary>A trainer with its defaults, and the references' errors.</summary>
internal sealed record RatingCase(string Name, Func<Interactions, FitContext, IRatingModel> Fit, double? HashRmse, double? HashMae, double? TimeRmse, Bar? Reach, Bar? Beyond = null)
{
    private const double Tolerance = 0.003;

    public static IReadOnlyList<RatingCase> All { get; } =
    [
        new("bias", (d, _) => BiasFit.Fit(d, new BiasOptions()), 0.8854, 0.6812, 0.9069, Bar.Within(0.8854, 0.001)),
        new("item-kNN", (d, c) => RatingKnn.Fit(d, new RatingKnnOptions(), c), 0.8664, 0.6634, 0.8948, Bar.AtMost(0.8664 + Tolerance)),
        new("MF", (d, c) => RatingSgd.Fit(d, new SgdOptions(), c), 0.8700, 0.6669, 0.8980, Bar.AtMost(0.8700 + Tolerance)),
        new("SVD++", (d, c) => RatingSgd.Fit(d, SgdOptions.SvdPlusPlus, c), 0.8670, 0.6638, 0.8949, Bar.AtMost(0.8670 + Tolerance)),
        new("ALS", (d, c) => RatingAls.Fit(d, new RatingAlsOptions(), c), 0.8724, 0.6692, 0.8986, Bar.AtMost(0.8724 + Tolerance)),
        new("blend", (d, c) => RatingBlend.Fit(d, new RatingBlendOptions(), c), 0.8624, 0.6606, 0.8911, Bar.AtMost(0.864), Bar.AtMost(0.860)),
    ];
}

/// <summary>Errors of one model on one split, by what training learned of each user and by the serving form.</summary>
internal sealed record RatingErrors(double Rmse, double Mae, double ServedRmse)
{
    public static RatingErrors Of(IRatingModel model, Interactions train, IReadOnlyList<MovieRating> test)
    {
        var (squares, absolutes, served) = (0.0, 0.0, 0.0);
        var ratings = new float[train.Items.Count];
        foreach (var group in test.GroupBy(r => r.User))
        {
            var user = train.Users.Find(InteractionSets.Id(group.Key));
            model.Predict(user < 0 ? default : train.ByUser[user], ratings);
            foreach (var row in group)
            {
                var item = train.Items.Find(InteractionSets.Id(row.Item));
                var error = row.Rating - model.Predict(user, item);
                var servedError = row.Rating - (item < 0 ? model.Predict(user, item) : ratings[item]);
                squares += error * error;
                absolutes += Math.Abs(error);
                served += servedError * servedError;
            }
        }

        return new RatingErrors(Math.Sqrt(squares / test.Count), absolutes / test.Count, Math.Sqrt(served / test.Count));
    }
}
