using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Tuning;

namespace MlSystem.Training.Recommendation.Neighbours;

/// <summary>Settings of <see cref="ItemKnn"/> and <see cref="UserKnn"/>.</summary>
public sealed record KnnOptions
{
    /// <summary>Most similar rows that count, at least 1; null: chosen on an inner hold-out.</summary>
    public int? Neighbours { get; init; }

    /// <summary>Added to the denominator of the cosine, at least 0: makes similarities of few common rows smaller. Null: chosen on an inner hold-out.</summary>
    public double? Shrinkage { get; init; }

    /// <summary>What values count for; null: chosen between binary and linear on an inner hold-out.</summary>
    public ValueWeighting? Weighting { get; init; }

    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public void Validate()
    {
        Setting.Check(Neighbours is null or >= 1, "neighbours", Neighbours, "at least 1");
        Setting.Check(Shrinkage is null or >= 0, "shrinkage", Shrinkage, "at least 0");
    }
}

/// <summary>
/// Item-based collaborative filtering (Deshpande and Karypis, "Item-based top-N recommendation algorithms", 2004): an item's score is the sum of its similarities
/// to the items of the history, where each item of the catalogue listens to its most similar ones: s_ij = x_i·x_j / (|x_i| |x_j| + shrinkage).
/// </summary>
public static class ItemKnn
{
    public static ItemNeighbourModel Fit(Interactions data, KnnOptions options, FitContext context)
    {
        options.Validate();
        options = OpenSettings.Of(data, options, context, users: false);
        var byUser = options.Weighting!.Value.Apply(data.ByUser);
        var similar = CosineNeighbours.Find(byUser.Transpose(), byUser, options.Neighbours!.Value, options.Shrinkage!.Value, context);
        // Rows of the result say whom an item listens to; serving asks whom an item of the history speaks for.
        return new ItemNeighbourModel(similar.Transpose(), options.Weighting!.Value, data.ByUser);
    }
}

/// <summary>
/// User-based collaborative filtering (Herlocker et al., "An algorithmic framework for performing collaborative filtering", 1999): an item's score is the
/// sum of the similarities of the user's nearest neighbours that have it. It needs the neighbours' histories, which are personal data, so it has
/// no serving form: use <see cref="ItemKnn"/> for that.
/// </summary>
public static class UserKnn
{
    public static UserNeighbourModel Fit(Interactions data, KnnOptions options, FitContext context)
    {
        options.Validate();
        options = OpenSettings.Of(data, options, context, users: true);
        var byUser = options.Weighting!.Value.Apply(data.ByUser);
        return new UserNeighbourModel(CosineNeighbours.Find(byUser, byUser.Transpose(), options.Neighbours!.Value, options.Shrinkage!.Value, context), byUser);
    }
}

/// <param name="Similarities">Row: a user; columns: its nearest neighbours.</param>
/// <param name="Histories">Weights of items by user.</param>
public sealed record UserNeighbourModel(SparseMatrix Similarities, SparseMatrix Histories) : IUserRankingModel
{
    public int ItemCount => Histories.Columns;

    public void ScoreUser(int user, Span<float> scores)
    {
        scores.Clear();
        var neighbours = Similarities[user];
        for (var n = 0; n < neighbours.Count; n++)
        {
            var history = Histories[neighbours.Indices[n]];
            for (var at = 0; at < history.Count; at++)
            {
                scores[history.Indices[at]] += neighbours.Values[n] * history.Values[at];
            }
        }
    }
}
