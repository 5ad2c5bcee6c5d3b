using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Models;

/// <summary>
/// A user's factors x from the history of items j with weights w_j (<see cref="Weighting"/> of their values), as the solution of
/// <c>(diag(Diagonal) + λ I + α Σ w_j y_j y_jᵀ) x = Σ (β + α w_j) y_j</c>, where y_j are the item factors and λ = Regularisation ·
/// (α n + items)^RegularisationExponent for n items in the history (exponent 0: λ = Regularisation). An empty history gives zeros.
/// </summary>
/// <param name="Diagonal">The diagonal of YᵀY, the Gram matrix of the item factors, in whose eigenbasis the factors are stored: all other elements are zero. All zeros where unseen items don't count.</param>
/// <param name="Alpha">Weight α of an interaction above that of a missing one, which is 1.</param>
/// <param name="Beta">1 in the loss of Hu, Koren and Volinsky; 0 where the weight of seen items replaces that of missing ones (iALS).</param>
public sealed record FoldIn(
    float[] Diagonal, float Alpha, float Beta, float Regularisation, float RegularisationExponent = 0, ValueWeighting Weighting = ValueWeighting.Binary)
{
    /// <summary>λ for a history of n items.</summary>
    public float Lambda(int n, int items) =>
        RegularisationExponent == 0 ? Regularisation : Regularisation * MathF.Pow((Alpha * n) + items, RegularisationExponent);

    /// <param name="user">Width of the item factors; overwritten.</param>
    public void Solve(FactorMatrix items, SparseRow history, Span<float> user) => Solve(new RidgeSolver(items.Width), items, history, user);

    internal void Solve(RidgeSolver solver, FactorMatrix items, SparseRow history, Span<float> user)
    {
        solver.Begin(Diagonal, Lambda(history.Count, items.Rows), history.Count);
        for (var j = 0; j < history.Count; j++)
        {
            var weight = Alpha * Weighting.Of(history.Values[j]);
            solver.Add(items[history.Indices[j]], weight, Beta + weight);
        }

        solver.Solve(user);
    }
}
