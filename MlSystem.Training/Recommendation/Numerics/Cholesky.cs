using System.Numerics.Tensors;

namespace MlSystem.Training.Recommendation.Numerics;

/// <summary>Systems with a symmetric positive definite matrix, of which only the lower triangle is read and overwritten.</summary>
internal static class Cholesky
{
    /// <summary>Solves in place; the matrix becomes its factor. A matrix that isn't positive definite gives NaN, which the trainers look for.</summary>
    /// <param name="stride">Distance of the rows of the matrix.</param>
    public static void Solve(Span<float> matrix, int stride, Span<float> right)
    {
        var n = right.Length;
        for (var i = 0; i < n; i++)
        {
            var row = matrix.Slice(i * stride, i + 1);
            for (var j = 0; j < i; j++)
            {
                row[j] = (row[j] - TensorPrimitives.Dot(row[..j], matrix.Slice(j * stride, j))) * matrix[(j * stride) + j];
            }

            // The diagonal holds reciprocals: one division a row.
            row[i] = 1 / MathF.Sqrt(row[i] - TensorPrimitives.Dot(row[..i], row[..i]));
            right[i] = (right[i] - TensorPrimitives.Dot(row[..i], right[..i])) * row[i];
        }

        for (var i = n - 1; i >= 0; i--)
        {
            var row = matrix.Slice(i * stride, i + 1);
            right[i] *= row[i];
            TensorPrimitives.MultiplyAdd(row[..i], -right[i], right[..i], right[..i]);
        }
    }

    /// <summary>The inverse of a matrix in double precision, both triangles written.</summary>
    /// <param name="matrix">n × n without gaps; both triangles overwritten.</param>
    /// <exception cref="ArithmeticException">The matrix is not positive definite.</exception>
    public static void Invert(double[] matrix, int n, FitContext context)
    {
        Factor(matrix, n, context);
        // Row r of L⁻¹ᵀ, stored in rows, is column r of L⁻¹: solved forward with the unit vector r.
        var inverse = new double[matrix.Length];
        Workers.Ranges(n, 8, context, () => 0, (from, to, _) =>
        {
            for (var column = from; column < to; column++)
            {
                var x = inverse.AsSpan(column * n, n);
                x[column] = 1 / matrix[(column * n) + column];
                for (var i = column + 1; i < n; i++)
                {
                    x[i] = -TensorPrimitives.Dot<double>(matrix.AsSpan((i * n) + column, i - column), x[column..i]) / matrix[(i * n) + i];
                }
            }
        });

        // A⁻¹ = L⁻ᵀ L⁻¹: element (i, j) is the product of columns i and j of L⁻¹ from the greater of both on.
        Workers.Ranges(n, 8, context, () => 0, (from, to, _) =>
        {
            for (var i = from; i < to; i++)
            {
                for (var j = 0; j <= i; j++)
                {
                    var value = TensorPrimitives.Dot<double>(inverse.AsSpan((i * n) + i, n - i), inverse.AsSpan((j * n) + i, n - i));
                    matrix[(i * n) + j] = value;
                    matrix[(j * n) + i] = value;
                }
            }
        });
    }

    private static void Factor(double[] matrix, int n, FitContext context)
    {
        const int Block = 64;
        for (var start = 0; start < n; start += Block)
        {
            var end = Math.Min(n, start + Block);
            FactorRows(matrix, n, start, start, end);
            for (var i = start; i < end; i++)
            {
                if (!(matrix[(i * n) + i] > 0))
                {
                    throw new ArithmeticException("The matrix is not positive definite: it needs more regularisation.");
                }
            }

            Workers.Ranges(n - end, 8, context, () => 0, (from, to, _) =>
            {
                for (var i = end + from; i < end + to; i++)
                {
                    FactorRow(matrix, n, i, start, end);
                }
            });
        }
    }

    private static void FactorRows(double[] matrix, int n, int start, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            FactorRow(matrix, n, i, start, Math.Min(i, to));
            var row = matrix.AsSpan(i * n, i);
            matrix[(i * n) + i] = Math.Sqrt(matrix[(i * n) + i] - TensorPrimitives.Dot<double>(row, row));
        }
    }

    /// <summary>Elements start to end - 1 of row i of the factor; those before are final.</summary>
    private static void FactorRow(double[] matrix, int n, int i, int start, int end)
    {
        for (var j = start; j < end; j++)
        {
            var dot = TensorPrimitives.Dot<double>(matrix.AsSpan(i * n, j), matrix.AsSpan(j * n, j));
            matrix[(i * n) + j] = (matrix[(i * n) + j] - dot) / matrix[(j * n) + j];
        }
    }
}
