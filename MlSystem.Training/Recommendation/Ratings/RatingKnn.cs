using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Neighbours;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Ratings;

/// <summary>Settings of <see cref="RatingKnn"/>.</summary>
public sealed record RatingKnnOptions
{
    /// <summary>Most neighbours of an item, at least 1.</summary>
    public int Neighbours { get; init; } = 200;

    /// <summary>A similarity of n common users counts n / (n + this); at least 0.</summary>
    public double Shrinkage { get; init; } = 100;

    /// <summary>Added to the sum of the weights, at least 0: pulls predictions of little evidence to the bias.</summary>
    public double Damping { get; init; } = 0.3;

    public BiasOptions Bias { get; init; } = new();

    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public void Validate()
    {
        Setting.Check(Neighbours >= 1, "neighbours", Neighbours, "at least 1");
        Setting.Check(Shrinkage >= 0, "shrinkage", Shrinkage, "at least 0");
        Setting.Check(Damping >= 0, "damping", Damping, "at least 0");
        Bias.Validate();
    }
}

/// <summary>
/// Item neighbours on the residuals of the biases (Koren, "Factorization meets the neighborhood", 2008, section 2.2): Pearson's correlation over common users,
/// shrunk by their number. Only neighbours that agree (positive similarity) count.
/// </summary>
public static class RatingKnn
{
    public static RatingNeighbourModel Fit(Interactions data, RatingKnnOptions options, FitContext context)
    {
        options.Validate();
        var bias = BiasFit.Fit(data, options.Bias);
        var byUser = BiasFit.Residuals(data, bias);
        var byItem = byUser.Transpose();
        var rows = new (int Column, float Value)[byItem.Rows][];
        Workers.Ranges(byItem.Rows, 16, context, () => new CommonSums(byItem.Rows), (from, to, sums) =>
        {
            for (var item = from; item < to; item++)
            {
                var ratings = byItem[item];
                for (var e = 0; e < ratings.Count; e++)
                {
                    sums.Add(byUser[ratings.Indices[e]], ratings.Values[e]);
                }

                rows[item] = sums.TakeBest(item, options.Neighbours, (float)options.Shrinkage);
            }
        });
        return new RatingNeighbourModel(bias, SparseRows.Of(rows, byItem.Rows), (float)options.Damping, data.ByUser);
    }

    /// <summary>Sums over the users that two items have in common.</summary>
    private sealed class CommonSums(int items)
    {
        private readonly float[] _products = new float[items];
        private readonly float[] _own = new float[items];
        private readonly float[] _other = new float[items];
        private readonly int[] _count = new int[items];
        private readonly List<int> _touched = [];

        public void Add(SparseRow row, float own)
        {
            for (var at = 0; at < row.Count; at++)
            {
                var (item, value) = (row.Indices[at], row.Values[at]);
                if (_count[item]++ == 0)
                {
                    _touched.Add(item);
                }

                _products[item] += own * value;
                _own[item] += own * own;
                _other[item] += value * value;
            }
        }

        public (int Column, float Value)[] TakeBest(int item, int count, float shrinkage)
        {
            var found = new List<(int Column, float Value)>(_touched.Count);
            foreach (var other in _touched)
            {
                if (other != item && _products[other] > 0)
                {
                    found.Add((other, _products[other] / MathF.Sqrt(_own[other] * _other[other]) * _count[other] / (_count[other] + shrinkage)));
                }

                (_products[other], _own[other], _other[other], _count[other]) = (0, 0, 0, 0);
            }

            _touched.Clear();
            found.Sort((a, b) => b.Value.CompareTo(a.Value) is var order && order != 0 ? order : a.Column.CompareTo(b.Column));
            found.RemoveRange(Math.Min(count, found.Count), found.Count - Math.Min(count, found.Count));
            found.Sort((a, b) => a.Column.CompareTo(b.Column));
            return [.. found];
        }
    }
}
