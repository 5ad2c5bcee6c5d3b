using System.Globalization;
using MlSystem.Quality.Data;
using MlSystem.Quality.Suites;
using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;

namespace MlSystem.Quality.Ratings;

/// <summary>Explicit ratings: error of predicted ratings.</summary>
internal sealed class RatingsSuite : IQualitySuite
{
    private const int FoldCount = 5;

    public string Name => "ratings";

    public string Protocol =>
        "MovieLens latest-small. `hash5`: mean over five folds by hash of user and item; `usertime`: the last fifth of each user's ratings. Predictions are clipped to the scale; cold users and items count. Served: users are known by their history alone.";

    public async Task<IReadOnlyList<QualityRow>> RunAsync(SuiteContext context, CancellationToken cancellation)
    {
        var movies = await MovieLens.LoadAsync(context.Data, cancellation);
        var folds = Enumerable.Range(0, Math.Min(context.Folds ?? FoldCount, FoldCount)).Select(movies.HashFold).Select(f => (Train: f.Train.ToInteractions(), f.Test)).ToList();
        var (train, test) = movies.UserTime();
        var byTime = train.ToInteractions();
        List<QualityRow> rows =
        [
            new("hash5", "global mean", "RMSE", folds.Average(f => MeanError(f.Train, f.Test)), 1.0581),
            new("usertime", "global mean", "RMSE", MeanError(byTime, test), 1.0647),
        ];
        var fit = FitContext.AllCores() with { Cancellation = cancellation };
        foreach (var model in RatingCase.All)
        {
            var hash = folds.ConvertAll(f => RatingErrors.Of(model.Fit(f.Train, fit), f.Train, f.Test));
            var time = RatingErrors.Of(model.Fit(byTime, fit), byTime, test);
            context.Log(string.Create(CultureInfo.InvariantCulture, $"{model.Name} {hash.Average(h => h.Rmse):0.0000}"));
            rows.AddRange(
            [
                new("hash5", model.Name, "RMSE", hash.Average(h => h.Rmse), model.HashRmse, model.Reach, model.Beyond),
                new("hash5", model.Name, "MAE", hash.Average(h => h.Mae), model.HashMae),
                new("hash5", model.Name, "RMSE served", hash.Average(h => h.ServedRmse)),
                new("usertime", model.Name, "RMSE", time.Rmse, model.TimeRmse),
            ]);
        }

        return rows;
    }

    private static double MeanError(Interactions train, List<MovieRating> test)
    {
        var mean = train.ByUser.Values.Average();
        return Math.Sqrt(test.Average(r => (r.Rating - mean) * (r.Rating - mean)));
    }
}
