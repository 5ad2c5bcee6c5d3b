using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;
using MlSystem.Training.Recommendation.Tuning;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Recommendation.Neighbours;

/// <summary>Settings of <see cref="Ease"/>.</summary>
public sealed record EaseOptions
{
    /// <summary>λ, above 0; null: chosen on an inner hold-out.</summary>
    public double? Regularisation { get; init; }

    /// <summary>Most items, 1 to 46,000: the model has their square in floats. More are refused.</summary>
    public int MaximumItems { get; init; } = 20_000;

    public ValueWeighting Weighting { get; init; } = ValueWeighting.Binary;

    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public void Validate()
    {
        Setting.Check(Regularisation is null or > 0, "regularisation", Regularisation, "above 0");
        Setting.Check(MaximumItems is >= 1 and <= 46_000, "maximum_items", MaximumItems, "1 to 46000");
    }
}

/// <summary>
/// EASEᴿ: Steck, "Embarrassingly shallow autoencoders for sparse data" (2019). With P = (XᵀX + λI)⁻¹ the weight of item i for item j is -P_ij / P_jj, zero on
/// the diagonal. With fewer users than items P comes from the inverse of XXᵀ + λI (Woodbury): P = (I - Xᵀ (XXᵀ + λI)⁻¹ X) / λ.
/// </summary>
public static class Ease
{
    /// <exception cref="TrainingDataException">More items than allowed.</exception>
    public static EaseModel Fit(Interactions data, EaseOptions options, FitContext context)
    {
        options.Validate();
        var items = data.Items.Count;
        if (items > options.MaximumItems)
        {
            throw new TrainingDataException("item", $"has {items} items, EASE is allowed {options.MaximumItems} (its model holds their square in numbers); use als or item_knn, or fewer items");
        }

        options = OpenSettings.Of(data, options, context);
        var byUser = options.Weighting.Apply(data.ByUser);
        var byItem = byUser.Transpose();
        var weights = new FactorMatrix(items, items);
        var diagonal = data.Users.Count < items
            ? FromUsers(byUser, byItem, options.Regularisation!.Value, weights, context)
            : FromItems(byItem, byUser, options.Regularisation!.Value, weights, context);
        ToWeights(weights, diagonal, context);
        return new EaseModel(weights, options.Weighting, data.ByUser);
    }

    /// <summary>Writes P and gives its diagonal in double precision.</summary>
    private static double[] FromItems(SparseMatrix byItem, SparseMatrix byUser, double lambda, FactorMatrix p, FitContext context)
    {
        var n = p.Rows;
        var inverse = RegularisedGram(byItem, byUser, lambda, context);
        Cholesky.Invert(inverse, n, context);
        for (var i = 0; i < inverse.Length; i++)
        {
            p.Values[i] = (float)inverse[i];
        }

        return [.. Enumerable.Range(0, n).Select(i => inverse[(i * n) + i])];
    }

    private static double[] FromUsers(SparseMatrix byUser, SparseMatrix byItem, double lambda, FactorMatrix p, FitContext context)
    {
        var users = byUser.Rows;
        var inverse = RegularisedGram(byUser, byItem, lambda, context);
        Cholesky.Invert(inverse, users, context);
        var diagonal = new double[p.Rows];
        Workers.Ranges(p.Rows, 16, context, () => (Mixed: new double[users], Row: new double[p.Rows]), (from, to, buffers) =>
        {
            for (var item = from; item < to; item++)
            {
                Product(byItem[item], inverse, users, buffers.Mixed);
                Product(byUser, buffers.Mixed, buffers.Row);
                diagonal[item] = (1 - buffers.Row[item]) / lambda;
                var target = p[item];
                for (var j = 0; j < target.Length; j++)
                {
                    target[j] = (float)(((j == item ? 1 : 0) - buffers.Row[j]) / lambda);
                }
            }
        });
        return diagonal;
    }

    /// <summary>mixed = Σ x_u · row u of the inverse, over an item's users.</summary>
    private static void Product(SparseRow users, double[] inverse, int width, Span<double> mixed)
    {
        mixed.Clear();
        for (var e = 0; e < users.Count; e++)
        {
            System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(inverse.AsSpan(users.Indices[e] * width, width), users.Values[e], mixed, mixed);
        }
    }

    /// <summary>row = Σ mixed_u · x_u over all users.</summary>
    private static void Product(SparseMatrix byUser, double[] mixed, Span<double> row)
    {
        row.Clear();
        for (var user = 0; user < byUser.Rows; user++)
        {
            var entries = byUser[user];
            for (var e = 0; e < entries.Count; e++)
            {
                row[entries.Indices[e]] += mixed[user] * entries.Values[e];
            }
        }
    }

    /// <summary>A Aᵀ + λI of sparse rows.</summary>
    private static double[] RegularisedGram(SparseMatrix rows, SparseMatrix transposed, double lambda, FitContext context)
    {
        var n = rows.Rows;
        var gram = new double[(long)n * n];
        Workers.Ranges(n, 16, context, () => 0, (from, to, _) =>
        {
            for (var i = from; i < to; i++)
            {
                var entries = rows[i];
                for (var e = 0; e < entries.Count; e++)
                {
                    var others = transposed[entries.Indices[e]];
                    for (var o = 0; o < others.Count; o++)
                    {
                        gram[(i * n) + others.Indices[o]] += entries.Values[e] * others.Values[o];
                    }
                }

                gram[(i * n) + i] += lambda;
            }
        });
        return gram;
    }

    private static void ToWeights(FactorMatrix p, double[] diagonal, FitContext context)
    {
        var scale = Array.ConvertAll(diagonal, d => (float)(-1 / d));
        Workers.Ranges(p.Rows, 16, context, () => 0, (from, to, _) =>
        {
            for (var i = from; i < to; i++)
            {
                System.Numerics.Tensors.TensorPrimitives.Multiply(p[i], scale, p[i]);
                p[i][i] = 0;
            }
        });
        p.ThrowIfNotFinite("EASE", 1, "item weights");
    }
}
