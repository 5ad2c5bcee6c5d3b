using System.Numerics.Tensors;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Factorization;

/// <summary>
/// Chooses how a user's factors follow from the history where training gave no formula: the ridge solution that comes nearest to the trained factors in
/// direction, scaled to their length by least squares. It looks at training data alone.
/// </summary>
internal static class FoldInFit
{
    private const int MostUsers = 2000;
    private static readonly float[] Alphas = [0.1f, 0.3f, 1, 3, 10, 30];
    private static readonly float[] Regularisations = [0.001f, 0.01f, 0.1f, 1, 10];

    /// <param name="diagonal">Of the Gram matrix of the item factors.</param>
    public static FoldIn Fit(SparseMatrix histories, FactorMatrix users, FactorMatrix items, float[] diagonal, FitContext context)
    {
        var mean = TensorPrimitives.Average<float>(diagonal);
        int[] sample = [.. Enumerable.Range(0, users.Rows).Where(u => histories.CountOf(u) > 0)];
        new SplitMix64(context.Seed).Shuffle(sample);
        sample = sample[..Math.Min(MostUsers, sample.Length)];
        var forms = from alpha in Alphas
                    from share in Regularisations
                    let form = new FoldIn(diagonal, alpha, 1, Math.Max(share * mean, 1e-6f))
                    select Fitted(form, sample, histories, users, items, context);
        var (best, length, _) = forms.MinBy(f => f.Error);
        return best with { Beta = (length * (1 + best.Alpha)) - best.Alpha };
    }

    private static (FoldIn Form, float Length, double Error) Fitted(FoldIn form, int[] sample, SparseMatrix histories, FactorMatrix users, FactorMatrix items, FitContext context)
    {
        var products = new (double Both, double Own, double Trained)[sample.Length];
        Workers.Ranges(sample.Length, 32, context, () => (Solver: new RidgeSolver(items.Width), User: new float[items.Width]), (from, to, buffers) =>
        {
            for (var s = from; s < to; s++)
            {
                form.Solve(buffers.Solver, items, histories[sample[s]], buffers.User);
                var trained = users[sample[s]];
                products[s] = (TensorPrimitives.Dot<float>(buffers.User, trained), TensorPrimitives.Dot<float>(buffers.User, buffers.User), TensorPrimitives.Dot<float>(trained, trained));
            }
        });
        var (both, own) = (products.Sum(p => p.Both), products.Sum(p => p.Own));
        var length = own > 0 ? both / own : 0;
        return (form, (float)length, products.Sum(p => p.Trained) - (length * both));
    }
}
