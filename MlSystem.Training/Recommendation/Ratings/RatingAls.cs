using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Ratings;

/// <summary>Settings of <see cref="RatingAls"/>.</summary>
public sealed record RatingAlsOptions
{
    /// <summary>Width of the factors, 1 to 1024.</summary>
    public int Factors { get; init; } = 64;

    /// <summary>Times that both sides are solved, 1 to 1000.</summary>
    public int Iterations { get; init; } = 15;

    /// <summary>λ, multiplied by a row's number of ratings; above 0.</summary>
    public double Regularisation { get; init; } = 0.1;

    public BiasOptions Bias { get; init; } = new();

    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public void Validate()
    {
        Setting.Check(Factors is >= 1 and <= 1024, "factors", Factors, "1 to 1024");
        Setting.Check(Iterations is >= 1 and <= 1000, "iterations", Iterations, "1 to 1000");
        Setting.Check(Regularisation > 0, "regularisation", Regularisation, "above 0");
        Bias.Validate();
    }
}

/// <summary>Alternating least squares with weighted λ-regularisation (Zhou et al., "Large-scale parallel collaborative filtering for the Netflix prize", 2008) on the residuals of the biases.</summary>
public static class RatingAls
{
    /// <exception cref="DivergenceException">Factors became infinite.</exception>
    public static RatingFactorModel Fit(Interactions data, RatingAlsOptions options, FitContext context, WarmStart? parent = null)
    {
        options.Validate();
        var bias = BiasFit.Fit(data, options.Bias);
        var byUser = BiasFit.Residuals(data, bias);
        var byItem = byUser.Transpose();
        var items = FactorMatrix.Random(data.Items.Count, options.Factors, 1 / MathF.Sqrt(options.Factors), context.Seed);
        parent?.CopyItems(data.Items, items);
        var users = new FactorMatrix(data.Users.Count, options.Factors);
        SolveAll(byUser, items, users, options.Regularisation, context);
        for (var iteration = 1; iteration <= options.Iterations; iteration++)
        {
            SolveAll(byItem, users, items, options.Regularisation, context);
            SolveAll(byUser, items, users, options.Regularisation, context);
            users.ThrowIfNotFinite("ALS on ratings", iteration, "user factors");
            context.Step(iteration, options.Iterations);
        }

        return new RatingFactorModel(bias, users, items, null, (float)options.Regularisation);
    }

    private static void SolveAll(SparseMatrix rows, FactorMatrix given, FactorMatrix solved, double regularisation, FitContext context)
    {
        var zeros = new float[given.Width];
        Workers.Ranges(rows.Rows, 16, context, () => new RidgeSolver(given.Width), (from, to, solver) =>
        {
            for (var row = from; row < to; row++)
            {
                var entries = rows[row];
                solver.Begin(zeros, (float)regularisation * Math.Max(1, entries.Count), entries.Count);
                for (var e = 0; e < entries.Count; e++)
                {
                    solver.Add(given[entries.Indices[e]], 1, entries.Values[e]);
                }

                solver.Solve(solved[row]);
            }
        });
    }
}
