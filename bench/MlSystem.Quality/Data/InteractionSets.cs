using System.Globalization;
using MlSystem.Training.Recommendation.Data;

namespace MlSystem.Quality.Data;

/// <summary>MovieLens ratings as the trainers take them.</summary>
internal static class InteractionSets
{
    public static Interactions ToInteractions(this IReadOnlyList<MovieRating> ratings) => Interactions.Of(
        [.. ratings.Select(r => Id(r.User))], [.. ratings.Select(r => Id(r.Item))], [.. ratings.Select(r => r.Rating)], [.. ratings.Select(r => (long)r.Time)]);

    /// <summary>The test pairs of each user as a matrix over the training data's ids. Items that training hasn't seen get positions behind the catalogue: relevant, but never found.</summary>
    public static SparseMatrix RelevantIn(this IReadOnlyList<MovieRating> test, Interactions train)
    {
        var users = test.ToLookup(r => train.Users.Find(Id(r.User)), r => r.Item);
        var unseen = test.Select(r => r.Item).Distinct().Where(i => train.Items.Find(Id(i)) < 0).Select((item, n) => (item, at: train.Items.Count + n)).ToDictionary(x => x.item, x => x.at);
        var offsets = new int[train.Users.Count + 1];
        List<int> items = [];
        for (var user = 0; user < train.Users.Count; user++)
        {
            items.AddRange(users[user].Select(i => train.Items.Find(Id(i)) is >= 0 and var at ? at : unseen[i]).Order());
            offsets[user + 1] = items.Count;
        }

        return new SparseMatrix(train.Users.Count, train.Items.Count + unseen.Count, offsets, [.. items], new float[items.Count]);
    }

    public static string Id(int id) => id.ToString(CultureInfo.InvariantCulture);
}
