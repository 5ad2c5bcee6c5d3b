using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;
using MlSystem.Training.Recommendation.Tuning;

namespace MlSystem.Training.Recommendation.Factorization;

/// <summary>
/// Alternating least squares on implicit feedback: Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets" (2008), and as
/// iALS with the loss and the regularisation of Rendle et al., "Revisiting the performance of iALS on item recommendation benchmarks" (2022).
/// Each half of an iteration solves every row exactly, in the eigenbasis of the other side's Gram matrix, where rows with few interactions cost little.
/// The last half solves the users: fold-in from the training history gives the trained factors.
/// </summary>
public static class ImplicitAls
{
    /// <param name="parent">Item factors of an earlier model begin the training; items it doesn't know begin at random.</param>
    /// <exception cref="DivergenceException">Factors became infinite.</exception>
    public static FactorModel Fit(Interactions data, ImplicitAlsOptions options, FitContext context, WarmStart? parent = null)
    {
        options.Validate();
        options = OpenSettings.Of(data, options, context);
        var byUser = options.Weighting.Apply(data.ByUser);
        var byItem = byUser.Transpose();
        var deviation = 0.1f / MathF.Sqrt(options.Factors);
        var items = FactorMatrix.Random(data.Items.Count, options.Factors, deviation, context.Seed);
        parent?.CopyItems(data.Items, items);
        var users = new FactorMatrix(data.Users.Count, options.Factors);
        var beta = options.Loss == ImplicitLoss.HuKorenVolinsky ? 1f : 0f;
        FoldIn Form(float[] diagonal) => new(diagonal, (float)options.Alpha!, beta, (float)options.Regularisation!, (float)options.RegularisationExponent, ValueWeighting.Binary);
        SolveAll(byUser, items, users, Form(Eigenbasis.Rotate(items, context)), context);
        for (var iteration = 1; iteration <= options.Iterations; iteration++)
        {
            SolveAll(byItem, users, items, Form(Eigenbasis.Rotate(users, context)), context);
            items.ThrowIfNotFinite("Implicit ALS", iteration, "item factors");
            SolveAll(byUser, items, users, Form(Eigenbasis.Rotate(items, context)), context);
            users.ThrowIfNotFinite("Implicit ALS", iteration, "user factors");
            context.Step(iteration, options.Iterations);
        }

        // Gram of the final item factors: they are in its eigenbasis since the last half.
        return new FactorModel(users, items, Form(Eigenbasis.Rotate(items, context, users)) with { Weighting = options.Weighting });
    }

    /// <summary>Solves all rows of one side. The values of the matrix are weights already.</summary>
    internal static void SolveAll(SparseMatrix rows, FactorMatrix given, FactorMatrix solved, FoldIn form, FitContext context)
    {
        var weights = form with { Weighting = ValueWeighting.Linear };
        Workers.Ranges(rows.Rows, 16, context, () => new RidgeSolver(given.Width), (from, to, solver) =>
        {
            for (var row = from; row < to; row++)
            {
                weights.Solve(solver, given, rows[row], solved[row]);
            }
        });
    }
}
