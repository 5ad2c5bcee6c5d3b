using System.Numerics.Tensors;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Ratings;

/// <summary>
/// Rating = bias + q_i · (p_u + n^(-1/2) Σ z_j over the n items of the user's history), the second term only with SVD++. Serving form: the user's bias and the
/// sum from the history, p_u as the ridge solution <c>(Σ q_j q_jᵀ + λ n I) p = Σ q_j e_j</c> with e_j = r_j - bias - q_j · n^(-1/2) Σ z, where λ n is
/// <see cref="FoldInRegularisation"/> · n. After ALS that is the trained p_u; after gradient descent it approximates it.
/// </summary>
/// <param name="HistoryFactors">z, of the items; null: plain matrix factorization.</param>
/// <param name="Histories">The items of each user in the training data; needed with <paramref name="HistoryFactors"/>.</param>
public sealed record RatingFactorModel(
    BiasModel Bias, FactorMatrix UserFactors, FactorMatrix ItemFactors, FactorMatrix? HistoryFactors, float FoldInRegularisation, SparseMatrix? Histories = null) : IRatingModel
{
    private readonly Lazy<FactorMatrix> _users = new(() => Sums(UserFactors, HistoryFactors, Histories));

    public float Predict(int user, int item) => user < 0 || item < 0
        ? Bias.Predict(user, item)
        : Bias.Clip(Bias.Raw(user, item) + TensorPrimitives.Dot(_users.Value[user], ItemFactors[item]));

    public void Predict(SparseRow history, Span<float> ratings)
    {
        Span<float> user = stackalloc float[ItemFactors.Width];
        var bias = Bias.BiasOf(history);
        Fold(history, bias, user);
        for (var item = 0; item < ratings.Length; item++)
        {
            ratings[item] = Bias.Clip(Bias.Mean + bias + Bias.ItemBias[item] + TensorPrimitives.Dot(user, ItemFactors[item]));
        }
    }

    /// <summary>The vector whose product with an item's factors is added to the bias.</summary>
    public void Fold(SparseRow history, float userBias, Span<float> user)
    {
        user.Clear();
        if (history.Count == 0)
        {
            return;
        }

        Span<float> known = stackalloc float[user.Length];
        AddHistory(HistoryFactors, history.Indices, known);
        var solver = new RidgeSolver(user.Length);
        solver.Begin(new float[user.Length], FoldInRegularisation * history.Count, history.Count);
        for (var j = 0; j < history.Count; j++)
        {
            var q = ItemFactors[history.Indices[j]];
            solver.Add(q, 1, history.Values[j] - Bias.Mean - userBias - Bias.ItemBias[history.Indices[j]] - TensorPrimitives.Dot<float>(q, known));
        }

        solver.Solve(user);
        TensorPrimitives.Add(user, known, user);
    }

    /// <summary>Adds n^(-1/2) Σ z_j.</summary>
    internal static void AddHistory(FactorMatrix? factors, ReadOnlySpan<int> items, Span<float> sum)
    {
        if (factors is null || items.IsEmpty)
        {
            return;
        }

        var scale = 1 / MathF.Sqrt(items.Length);
        foreach (var item in items)
        {
            TensorPrimitives.MultiplyAdd(factors[item], scale, sum, sum);
        }
    }

    private static FactorMatrix Sums(FactorMatrix users, FactorMatrix? factors, SparseMatrix? histories)
    {
        if (factors is null || histories is null)
        {
            return users;
        }

        var sums = users.Copy();
        for (var user = 0; user < sums.Rows; user++)
        {
            AddHistory(factors, histories[user].Indices, sums[user]);
        }

        return sums;
    }
}
