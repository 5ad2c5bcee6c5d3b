using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Models;

/// <summary>
/// Factors of users and items whose inner product ranks (implicit feedback). The serving form computes a user's factors from the history by
/// <see cref="FoldIn"/>; after ALS they equal the trained ones, after BPR they approximate them.
/// </summary>
/// <param name="UserFactors">Users × width; not part of the serving form.</param>
/// <param name="ItemFactors">Items × width.</param>
/// <param name="ItemBias">Added to the inner product; null: none.</param>
public sealed record FactorModel(FactorMatrix UserFactors, FactorMatrix ItemFactors, FoldIn FoldIn, float[]? ItemBias = null) : IRankingModel, IUserRankingModel
{
    public int ItemCount => ItemFactors.Rows;

    public void ScoreUser(int user, Span<float> scores) => ScoreFactors(UserFactors[user], scores);

    public void Score(SparseRow history, Span<float> scores)
    {
        Span<float> user = stackalloc float[ItemFactors.Width];
        FoldIn.Solve(ItemFactors, history, user);
        ScoreFactors(user, scores);
    }

    private void ScoreFactors(ReadOnlySpan<float> user, Span<float> scores)
    {
        ItemFactors.Multiply(user, scores);
        if (ItemBias is not null)
        {
            System.Numerics.Tensors.TensorPrimitives.Add(scores, ItemBias, scores);
        }
    }
}
