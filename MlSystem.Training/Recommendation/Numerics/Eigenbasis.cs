using System.Numerics.Tensors;

namespace MlSystem.Training.Recommendation.Numerics;

/// <summary>The Gram matrix of factors, and their rotation into its eigenbasis, in which it is diagonal. Inner products stay as they are when both sides rotate.</summary>
internal static class Eigenbasis
{
    /// <summary>Rows that one partial sum covers: fixed, so that the sum doesn't depend on the threads.</summary>
    private const int RangeSize = 2048;

    /// <summary>YᵀY in double precision, width × width.</summary>
    public static double[] Gram(FactorMatrix factors, FitContext context)
    {
        var width = factors.Width;
        var parts = new float[(factors.Rows + RangeSize - 1) / RangeSize][];
        Workers.Ranges(factors.Rows, RangeSize, context, () => 0, (from, to, _) =>
        {
            var sum = new float[width * width];
            for (var row = from; row < to; row++)
            {
                var y = factors[row];
                for (var i = 0; i < width; i++)
                {
                    var target = sum.AsSpan(i * width, i + 1);
                    TensorPrimitives.MultiplyAdd(y[..(i + 1)], y[i], target, target);
                }
            }

            parts[from / RangeSize] = sum;
        });
        var gram = new double[width * width];
        for (var i = 0; i < width; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                gram[(i * width) + j] = gram[(j * width) + i] = parts.Sum(p => (double)p[(i * width) + j]);
            }
        }

        return gram;
    }

    /// <summary>Rotates factors, and others that belong to them, so that the Gram matrix of the first is diagonal.</summary>
    /// <returns>That diagonal.</returns>
    public static float[] Rotate(FactorMatrix factors, FitContext context, params FactorMatrix[] others)
    {
        var width = factors.Width;
        var (values, vectors) = SymmetricEigen.Decompose(Gram(factors, context), width);
        var basis = Array.ConvertAll(vectors, v => (float)v);
        foreach (var matrix in others.Prepend(factors))
        {
            Workers.Ranges(matrix.Rows, 256, context, () => new float[width], (from, to, buffer) =>
            {
                for (var row = from; row < to; row++)
                {
                    var y = matrix[row];
                    Array.Clear(buffer);
                    for (var i = 0; i < width; i++)
                    {
                        TensorPrimitives.MultiplyAdd(basis.AsSpan(i * width, width), y[i], buffer, buffer);
                    }

                    buffer.CopyTo(y);
                }
            });
        }

        return Array.ConvertAll(values, v => Math.Max(0, (float)v));
    }
}
