using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Evaluation;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Recommendation.Serving;

/// <summary>Holds the graph's scores against the trained model's for some users.</summary>
internal static class RankingParity
{
    /// <exception cref="ModelParityException">The graph and the model disagree.</exception>
    public static void Check(IRankingModel model, Interactions data, IReadOnlyList<int> users, IReadOnlyList<RankedItems> ranked)
    {
        var scores = new float[data.Items.Count];
        foreach (var (user, graph) in users.Zip(ranked))
        {
            var history = data.ByUser[user];
            if (history.Count == 0)
            {
                continue;
            }

            model.Score(history, scores);
            var place = 0;
            foreach (var item in new TopItems(graph.Items.Length).Find([.. scores], history.Indices))
            {
                var (wanted, actual) = (scores[item], graph.Scores[place++]);
                if (!(Math.Abs(wanted - actual) <= ModelParity.Tolerance * Math.Max(1, Math.Abs(wanted))))
                {
                    throw new ModelParityException($"The graph scores {actual:R} where the trained model scores {wanted:R} (user {user}, place {place}).");
                }
            }
        }
    }
}
