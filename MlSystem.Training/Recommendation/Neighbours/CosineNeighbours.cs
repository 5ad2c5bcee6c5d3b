using System.Numerics.Tensors;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Neighbours;

/// <summary>The most similar rows of each row of a sparse matrix by shrunk cosine, without comparing rows that have nothing in common.</summary>
internal static class CosineNeighbours
{
    /// <param name="transposed">The same matrix by column.</param>
    public static SparseMatrix Find(SparseMatrix rows, SparseMatrix transposed, int neighbours, double shrinkage, FitContext context)
    {
        var norms = new float[rows.Rows];
        for (var row = 0; row < norms.Length; row++)
        {
            norms[row] = TensorPrimitives.Norm(rows[row].Values);
        }

        var best = new (int Row, float Value)[rows.Rows][];
        Workers.Ranges(rows.Rows, 32, context, () => new SparseSum(rows.Rows), (from, to, sum) =>
        {
            for (var row = from; row < to; row++)
            {
                var entries = rows[row];
                for (var e = 0; e < entries.Count; e++)
                {
                    sum.Add(transposed[entries.Indices[e]], entries.Values[e]);
                }

                best[row] = sum.TakeBest(neighbours, (other, product) => other == row || product <= 0 ? 0 : product / ((norms[row] * norms[other]) + (float)shrinkage));
            }
        });
        return SparseRows.Of(best, rows.Rows);
    }
}

/// <summary>Sums sparse rows and keeps the greatest elements.</summary>
internal sealed class SparseSum(int width)
{
    private readonly float[] _sums = new float[width];
    private readonly bool[] _seen = new bool[width];
    private readonly List<int> _touched = [];

    public void Add(SparseRow row, float factor)
    {
        for (var at = 0; at < row.Count; at++)
        {
            var column = row.Indices[at];
            _sums[column] += factor * row.Values[at];
            if (!_seen[column])
            {
                _seen[column] = true;
                _touched.Add(column);
            }
        }
    }

    /// <summary>The greatest values by magnitude of what <paramref name="value"/> makes of the sums, zeros left out, in the order of their columns; of equal ones the smaller column. Begins anew.</summary>
    public (int Column, float Value)[] TakeBest(int count, Func<int, float, float> value)
    {
        var found = new List<(int Column, float Value)>(_touched.Count);
        foreach (var column in _touched)
        {
            var v = value(column, _sums[column]);
            if (v != 0)
            {
                found.Add((column, v));
            }

            (_sums[column], _seen[column]) = (0, false);
        }

        _touched.Clear();
        if (found.Count > count)
        {
            KeepBest(found, count);
        }

        found.Sort((a, b) => a.Column.CompareTo(b.Column));
        return [.. found];
    }

    /// <summary>Sorts values alone, which is far faster than pairs; of those equal to the last that fits, the smaller columns stay.</summary>
    private static void KeepBest(List<(int Column, float Value)> found, int count)
    {
        float[] sizes = [.. found.Select(f => Math.Abs(f.Value))];
        Array.Sort(sizes);
        var least = sizes[^count];
        var ties = count - sizes.AsSpan(sizes.Length - count).ToArray().Count(s => s > least);
        found.Sort((a, b) => a.Column.CompareTo(b.Column));
        found.RemoveAll(f => Math.Abs(f.Value) < least || (Math.Abs(f.Value) == least && ties-- <= 0));
    }
}

internal static class SparseRows
{
    public static SparseMatrix Of((int Column, float Value)[][] rows, int columns)
    {
        var offsets = new int[rows.Length + 1];
        for (var row = 0; row < rows.Length; row++)
        {
            offsets[row + 1] = offsets[row] + rows[row].Length;
        }

        var (indices, values) = (new int[offsets[^1]], new float[offsets[^1]]);
        for (var row = 0; row < rows.Length; row++)
        {
            for (var at = 0; at < rows[row].Length; at++)
            {
                (indices[offsets[row] + at], values[offsets[row] + at]) = rows[row][at];
            }
        }

        return new SparseMatrix(rows.Length, columns, offsets, indices, values);
    }
}
