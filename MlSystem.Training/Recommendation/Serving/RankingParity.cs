using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Evaluation;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Recommendation.Serving;

/// <summary>Holds the graph's scores against the trained model's for some users, by their whole histories and by the first items of them.</summary>
internal static class RankingParity
{
    /// <summary>Lengths of the short histories: numerics that only new users meet.</summary>
    private static readonly int[] ShortLengths = [1, 2, 3, 5];

    /// <summary>Users who are held against the model by short histories too.</summary>
    private const int ShortUsers = 16;

    /// <param name="ranked">What the graph says of the users' whole histories.</param>
    /// <exception cref="ModelParityException">The graph and the model disagree.</exception>
    public static void Check(
        IRankingModel model, Interactions data, IReadOnlyList<int> users, IReadOnlyList<RankedItems> ranked, HistoryScorer graph, CancellationToken cancellationToken)
    {
        foreach (var (user, said) in users.Zip(ranked))
        {
            Check(model, user, data.ByUser[user], said);
        }

        foreach (var length in ShortLengths)
        {
            int[] some = [.. users.Where(u => data.ByUser[u].Count > length).Take(ShortUsers)];
            var said = some.Length == 0 ? [] : graph.Rank([.. some.Select(u => Ids(data, First(data.ByUser[u], length)))], cancellationToken);
            foreach (var (user, answer) in some.Zip(said))
            {
                Check(model, user, First(data.ByUser[user], length), answer);
            }
        }
    }

    private static void Check(IRankingModel model, int user, SparseRow history, RankedItems said)
    {
        if (history.Count == 0)
        {
            return;
        }

        var scores = new float[model.ItemCount];
        model.Score(history, scores);
        var place = 0;
        foreach (var item in new TopItems(said.Items.Length).Find([.. scores], history.Indices))
        {
            var (wanted, actual) = (scores[item], said.Scores[place++]);
            if (!(Math.Abs(wanted - actual) <= ModelParity.Tolerance * Math.Max(1, Math.Abs(wanted))))
            {
                throw new ModelParityException(
                    $"The graph scores {actual:R} where the trained model scores {wanted:R} (user {user} with {history.Count} items, place {place}).");
            }
        }
    }

    private static string[] Ids(Interactions data, SparseRow history) => [.. history.Indices.ToArray().Select(i => data.Items.Ids[i])];

    private static SparseRow First(SparseRow row, int count) => new(row.Indices[..count], row.Values[..count]);
}
