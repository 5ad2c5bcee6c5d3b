using System.Numerics.Tensors;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Ratings;

/// <summary>Settings of <see cref="RatingBlend"/>: those of its parts.</summary>
public sealed record RatingBlendOptions
{
    public RatingKnnOptions Knn { get; init; } = new();

    public SgdOptions MatrixFactorization { get; init; } = new();

    public SgdOptions SvdPlusPlus { get; init; } = SgdOptions.SvdPlusPlus;

    public RatingAlsOptions Als { get; init; } = new();
}

/// <summary>Sum of models with weights that aren't negative. Serving form: the same of the parts' serving forms.</summary>
public sealed record RatingBlendModel(IReadOnlyList<IRatingModel> Parts, float[] Weights, float Minimum, float Maximum) : IRatingModel
{
    public float Predict(int user, int item)
    {
        var sum = 0f;
        for (var part = 0; part < Weights.Length; part++)
        {
            sum += Weights[part] * Parts[part].Predict(user, item);
        }

        return Math.Clamp(sum, Minimum, Maximum);
    }

    public void Predict(SparseRow history, Span<float> ratings)
    {
        var part = new float[ratings.Length];
        ratings.Clear();
        for (var p = 0; p < Weights.Length; p++)
        {
            Parts[p].Predict(history, part);
            TensorPrimitives.MultiplyAdd(part, Weights[p], ratings, ratings);
        }

        TensorPrimitives.Max(ratings, Minimum, ratings);
        TensorPrimitives.Min(ratings, Maximum, ratings);
    }
}

/// <summary>
/// Blend of item neighbours, matrix factorization, SVD++ and ALS (Bell and Koren, "Lessons from the Netflix prize challenge", 2007): weights by non-negative least
/// squares on an inner hold-out of a tenth of the ratings, then the parts are trained on all.
/// </summary>
public static class RatingBlend
{
    private const double InnerShare = 0.1;
    private const int FewestHeld = 50;

    public static RatingBlendModel Fit(Interactions data, RatingBlendOptions options, FitContext context)
    {
        var split = HoldOut.OfEntries(data, InnerShare, context.Seed);
        var weights = split.Held.Count < FewestHeld ? null : Weights(Parts(split.Rest, options, context.Quiet), split.Held);
        context.Step(1, 2);
        var parts = Parts(data, options, context.Quiet);
        context.Step(2, 2);
        return new RatingBlendModel(parts, weights ?? [.. parts.Select(_ => 1f / parts.Length)], data.ByUser.Values.Min(), data.ByUser.Values.Max());
    }

    private static IRatingModel[] Parts(Interactions data, RatingBlendOptions options, FitContext context)
    {
        Func<IRatingModel>[] fits =
        [
            () => RatingKnn.Fit(data, options.Knn, context),
            () => RatingSgd.Fit(data, options.MatrixFactorization, context),
            () => RatingSgd.Fit(data, options.SvdPlusPlus, context),
            () => RatingAls.Fit(data, options.Als, context),
        ];
        var parts = new IRatingModel[fits.Length];
        Workers.Ranges(fits.Length, 1, context, () => 0, (from, _, _) => parts[from] = fits[from]());
        return parts;
    }

    private static float[] Weights(IRatingModel[] parts, Interactions held)
    {
        var (predictions, ratings) = (new List<double[]>(held.Count), new List<double>(held.Count));
        for (var user = 0; user < held.ByUser.Rows; user++)
        {
            var row = held.ByUser[user];
            for (var e = 0; e < row.Count; e++)
            {
                var item = row.Indices[e];
                predictions.Add(Array.ConvertAll(parts, p => (double)p.Predict(user, item)));
                ratings.Add(row.Values[e]);
            }
        }

        return Array.ConvertAll(NonNegativeLeastSquares.Solve(predictions, ratings), w => (float)w);
    }
}
