using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;

namespace MlSystem.Training.Recommendation.Ratings;

/// <summary>
/// Rating = mean + bias of the item + bias of the user (Koren, "Factorization meets the neighborhood", 2008, section 2.1), clipped to the scale.
/// Serving form: the user's bias is the shrunk mean of what the history's ratings are above the items', Σ (r - mean - b_i) / (n + UserShrinkage),
/// which for a user of the training data is the trained one.
/// </summary>
/// <param name="Minimum">Smallest rating of the training data.</param>
/// <param name="Maximum">Greatest rating of the training data.</param>
public sealed record BiasModel(float Mean, float[] UserBias, float[] ItemBias, float UserShrinkage, float Minimum, float Maximum) : IRatingModel
{
    /// <summary>Not clipped, for residuals.</summary>
    public float Raw(int user, int item) => Mean + (user < 0 ? 0 : UserBias[user]) + (item < 0 ? 0 : ItemBias[item]);

    public float Clip(float rating) => Math.Clamp(rating, Minimum, Maximum);

    public float Predict(int user, int item) => Clip(Raw(user, item));

    /// <summary>The bias of whoever gave the ratings of a history; 0 of an empty one.</summary>
    public float BiasOf(SparseRow history)
    {
        var sum = 0.0;
        for (var j = 0; j < history.Count; j++)
        {
            sum += history.Values[j] - Mean - ItemBias[history.Indices[j]];
        }

        return history.Count == 0 ? 0 : (float)(sum / (history.Count + UserShrinkage));
    }

    public void Predict(SparseRow history, Span<float> ratings)
    {
        var user = BiasOf(history);
        for (var item = 0; item < ratings.Length; item++)
        {
            ratings[item] = Clip(Mean + user + ItemBias[item]);
        }
    }
}
