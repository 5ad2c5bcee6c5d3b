using System.Globalization;
using MlSystem.Training.Data;

namespace MlSystem.Quality.Data;

/// <summary>MovieLens latest-small: 100,004 ratings of 0.5 to 5 in steps of 0.5.</summary>
/// <param name="Ratings">In the order of the file.</param>
/// <param name="Genres">By movie; empty where none is listed.</param>
public sealed record MovieLens(IReadOnlyList<MovieRating> Ratings, IReadOnlyDictionary<int, string[]> Genres)
{
    private const int Folds = 5;

    public static async Task<MovieLens> LoadAsync(DataSets data, CancellationToken cancellation)
    {
        var table = await data.MovieLensAsync(cancellation);
        int[] Whole(string column) => [.. table[column].Select(c => (int)double.Parse(c, CultureInfo.InvariantCulture))];
        int[] users = Whole("userId"), items = Whole("movieId"), times = Whole("timestamp");
        var genres = new Dictionary<int, string[]>();
        for (var row = 0; row < table.Rows; row++)
        {
            genres.TryAdd(items[row], [.. table["genres"][row].Split('|').Where(g => g is not ("" or "NA" or "(no genres listed)"))]);
        }

        return new MovieLens(
            [.. table["rating"].Select((r, i) => new MovieRating(users[i], items[i], float.Parse(r, CultureInfo.InvariantCulture), times[i]))], genres);
    }

    /// <summary><c>hash5</c>: a rating is tested in the fold that the hash of its user and item names.</summary>
    public (List<MovieRating> Train, List<MovieRating> Test) HashFold(int fold)
    {
        var sides = Ratings.ToLookup(r => SplitHash.H32(r.Key) % Folds == fold);
        return ([.. sides[false]], [.. sides[true]]);
    }

    /// <summary><c>usertime</c>: the first 80 % of each user's ratings, by time and item, are for training.</summary>
    public (List<MovieRating> Train, List<MovieRating> Test) UserTime() =>
        PerUser(r => r.OrderBy(x => x.Time).ThenBy(x => x.Item), n => (int)Math.Floor(0.8 * n));

    /// <summary>The implicit <c>hash</c> split: 75,078 pairs for training, 24,926 relevant ones.</summary>
    public (List<MovieRating> Train, List<MovieRating> Test) ImplicitHash() =>
        PerUser(r => r.OrderBy(x => SplitHash.H64(x.Key)).ThenBy(x => x.Item), n => (int)Math.Floor((0.75 * n) + 0.5));

    private (List<MovieRating> Train, List<MovieRating> Test) PerUser(Func<IEnumerable<MovieRating>, IEnumerable<MovieRating>> order, Func<int, int> trained)
    {
        List<MovieRating> train = [], test = [];
        foreach (var user in Ratings.GroupBy(r => r.User))
        {
            var ordered = order(user).ToList();
            var count = trained(ordered.Count);
            train.AddRange(ordered.Take(count));
            test.AddRange(ordered.Skip(count));
        }

        return (train, test);
    }
}

/// <param name="Time">Seconds since 1970.</param>
public sealed record MovieRating(int User, int Item, float Rating, int Time)
{
    /// <summary>What the split rules hash.</summary>
    public string Key => string.Create(CultureInfo.InvariantCulture, $"{User}|{Item}");
}
