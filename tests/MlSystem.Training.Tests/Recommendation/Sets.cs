using System.Globalization;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Tests.Recommendation;

/// <summary>Made-up interactions.</summary>
internal static class Sets
{
    /// <summary>Users of some groups take mostly the items of their group; ratings are higher there and for some items.</summary>
    public static Interactions Grouped(int users = 60, int items = 40, int each = 10, int groups = 4, ulong seed = 1)
    {
        var random = new SplitMix64(seed);
        List<string> user = [], item = [];
        List<float> rating = [];
        for (var u = 0; u < users; u++)
        {
            for (var n = 0; n < each; n++)
            {
                var own = random.NextDouble() < 0.8;
                var i = own ? (random.Next(items / groups) * groups) + (u % groups) : random.Next(items);
                user.Add(Id(u));
                item.Add(Id(i));
                rating.Add((own ? 4 : 2) + (i % 5 * 0.5f) + (random.Next(2) * 0.5f));
            }
        }

        return Interactions.Of(user, item, rating);
    }

    public static Interactions Of(params (string User, string Item, float Value)[] rows) =>
        Interactions.Of([.. rows.Select(r => r.User)], [.. rows.Select(r => r.Item)], [.. rows.Select(r => r.Value)]);

    public static double[,] Dense(SparseMatrix matrix)
    {
        var dense = new double[matrix.Rows, matrix.Columns];
        for (var r = 0; r < matrix.Rows; r++)
        {
            for (var e = 0; e < matrix[r].Count; e++)
            {
                dense[r, matrix[r].Indices[e]] = matrix[r].Values[e];
            }
        }

        return dense;
    }

    /// <summary>Gauss-Jordan with pivots: slow and plain, as an oracle.</summary>
    public static double[] Solve(double[,] matrix, double[] right)
    {
        var n = right.Length;
        var (a, b) = ((double[,])matrix.Clone(), (double[])right.Clone());
        for (var c = 0; c < n; c++)
        {
            var pivot = Enumerable.Range(c, n - c).MaxBy(r => Math.Abs(a[r, c]));
            for (var k = 0; k < n; k++)
            {
                (a[c, k], a[pivot, k]) = (a[pivot, k], a[c, k]);
            }

            (b[c], b[pivot]) = (b[pivot], b[c]);
            for (var r = 0; r < n; r++)
            {
                var factor = r == c ? 0 : a[r, c] / a[c, c];
                for (var k = 0; k < n; k++)
                {
                    a[r, k] -= factor * a[c, k];
                }

                b[r] -= factor * b[c];
            }
        }

        return [.. Enumerable.Range(0, n).Select(i => b[i] / a[i, i])];
    }

    private static string Id(int id) => id.ToString(CultureInfo.InvariantCulture);
}
