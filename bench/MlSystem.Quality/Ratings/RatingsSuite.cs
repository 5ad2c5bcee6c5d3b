using MlSystem.Quality.Data;
using MlSystem.Quality.Suites;

namespace MlSystem.Quality.Ratings;

/// <summary>Explicit ratings: error of predicted ratings.</summary>
internal sealed class RatingsSuite : IQualitySuite
{
    private const int FoldCount = 5;

    public string Name => "ratings";

    public string Protocol =>
        "MovieLens latest-small. `hash5`: mean over five folds by hash of user and item; `usertime`: the last fifth of each user's ratings. Predictions are clipped to the scale; cold users and items count.";

    public async Task<IReadOnlyList<QualityRow>> RunAsync(SuiteContext context, CancellationToken cancellation)
    {
        var movies = await MovieLens.LoadAsync(context.Data, cancellation);
        var folds = Enumerable.Range(0, Math.Min(context.Folds ?? FoldCount, FoldCount)).Select(movies.HashFold).ToList();
        return
        [
            new("movielens hash5", "global mean", "RMSE", folds.Average(f => MeanError(f.Train, f.Test)), 1.0581),
            new("movielens usertime", "global mean", "RMSE", MeanError(movies.UserTime().Train, movies.UserTime().Test), 1.0647),
        ];
    }

    private static double MeanError(List<MovieRating> train, List<MovieRating> test)
    {
        var mean = train.Average(r => r.Rating);
        return Math.Sqrt(test.Average(r => (r.Rating - mean) * (r.Rating - mean)));
    }
}
