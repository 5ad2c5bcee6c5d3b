using MlSystem.Training.Recommendation.Data;

namespace MlSystem.Training.Recommendation.Ratings;

/// <summary>Settings of <see cref="BiasFit"/>.</summary>
public sealed record BiasOptions
{
    /// <summary>Added to the number of an item's ratings in its mean, at least 0.</summary>
    public double ItemShrinkage { get; init; } = 3;

    /// <summary>Added to the number of a user's ratings in its mean, at least 0.</summary>
    public double UserShrinkage { get; init; } = 3;

    /// <summary>Times that items and users are solved in turn, 1 to 1000.</summary>
    public int Iterations { get; init; } = 10;

    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public void Validate()
    {
        Setting.Check(ItemShrinkage >= 0, "item_shrinkage", ItemShrinkage, "at least 0");
        Setting.Check(UserShrinkage >= 0, "user_shrinkage", UserShrinkage, "at least 0");
        Setting.Check(Iterations is >= 1 and <= 1000, "iterations", Iterations, "1 to 1000");
    }
}

/// <summary>Least squares of the mean and the biases of items and users with ridge terms, by turns; users are last, so that a bias from the history equals the trained one.</summary>
public static class BiasFit
{
    public static BiasModel Fit(Interactions data, BiasOptions options)
    {
        options.Validate();
        var mean = (float)data.ByUser.Values.Average(v => (double)v);
        var model = new BiasModel(mean, new float[data.Users.Count], new float[data.Items.Count], (float)options.UserShrinkage, data.ByUser.Values.Min(), data.ByUser.Values.Max());
        for (var iteration = 0; iteration < options.Iterations; iteration++)
        {
            Solve(data.ByItem, mean, model.UserBias, model.ItemBias, options.ItemShrinkage);
            Solve(data.ByUser, mean, model.ItemBias, model.UserBias, options.UserShrinkage);
        }

        return model;
    }

    /// <summary>Ratings minus what the biases say, in the pattern of <see cref="Interactions.ByUser"/>.</summary>
    public static SparseMatrix Residuals(Interactions data, BiasModel bias)
    {
        var matrix = data.ByUser;
        var values = new float[matrix.Count];
        for (var user = 0; user < matrix.Rows; user++)
        {
            for (var at = matrix.Offsets[user]; at < matrix.Offsets[user + 1]; at++)
            {
                values[at] = matrix.Values[at] - bias.Raw(user, matrix.Indices[at]);
            }
        }

        return matrix.WithValues(values);
    }

    private static void Solve(SparseMatrix rows, float mean, float[] given, float[] solved, double shrinkage)
    {
        for (var row = 0; row < rows.Rows; row++)
        {
            var entries = rows[row];
            var sum = 0.0;
            for (var e = 0; e < entries.Count; e++)
            {
                sum += entries.Values[e] - mean - given[entries.Indices[e]];
            }

            solved[row] = entries.Count == 0 ? 0 : (float)(sum / (entries.Count + shrinkage));
        }
    }
}
