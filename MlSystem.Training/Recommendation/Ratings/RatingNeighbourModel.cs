using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;

namespace MlSystem.Training.Recommendation.Ratings;

/// <summary>
/// Rating = bias + Σ s_ij (r_uj - bias_uj) / (Σ |s_ij| + Damping) over those of an item's neighbours that the user rated: two products of the
/// history with a sparse item-item matrix. Serving form: the same, with the user's bias from the history.
/// </summary>
/// <param name="Similarities">Row: item that is predicted; columns: its neighbours.</param>
/// <param name="Histories">The ratings of the training data by user.</param>
public sealed record RatingNeighbourModel(BiasModel Bias, SparseMatrix Similarities, float Damping, SparseMatrix Histories) : IRatingModel
{
    public float Predict(int user, int item) => user < 0 || item < 0
        ? Bias.Predict(user, item)
        : Bias.Clip(Bias.Raw(user, item) + Correction(item, Histories[user], Bias.UserBias[user]));

    public void Predict(SparseRow history, Span<float> ratings)
    {
        var user = Bias.BiasOf(history);
        for (var item = 0; item < ratings.Length; item++)
        {
            ratings[item] = Bias.Clip(Bias.Mean + user + Bias.ItemBias[item] + Correction(item, history, user));
        }
    }

    private float Correction(int item, SparseRow history, float user)
    {
        var neighbours = Similarities[item];
        var (sum, weight) = (0f, Damping);
        var h = 0;
        for (var at = 0; at < neighbours.Count && h < history.Count; at++)
        {
            var neighbour = neighbours.Indices[at];
            while (h < history.Count && history.Indices[h] < neighbour)
            {
                h++;
            }

            if (h < history.Count && history.Indices[h] == neighbour)
            {
                sum += neighbours.Values[at] * (history.Values[h] - Bias.Mean - user - Bias.ItemBias[neighbour]);
                weight += Math.Abs(neighbours.Values[at]);
            }
        }

        return weight > 0 ? sum / weight : 0;
    }
}
