namespace MlSystem.Training.Recommendation.Numerics;

/// <summary>Eigenvalues and eigenvectors of a small symmetric matrix by Jacobi's cyclic rotations (Golub and Van Loan, "Matrix Computations", 8.5).</summary>
internal static class SymmetricEigen
{
    private const int MaximumSweeps = 30;

    /// <returns>Values, and vectors as columns: element (i, e) of eigenvector e at i · n + e.</returns>
    public static (double[] Values, double[] Vectors) Decompose(double[] matrix, int n)
    {
        var a = matrix.AsSpan().ToArray();
        // Rows of the transpose, so that a rotation works on two rows without gaps.
        var v = new double[n * n];
        for (var i = 0; i < n; i++)
        {
            v[(i * n) + i] = 1;
        }

        var norm = a.Sum(x => x * x);
        for (var sweep = 0; sweep < MaximumSweeps && OffDiagonal(a, n) > norm * 1e-18; sweep++)
        {
            for (var p = 0; p < n - 1; p++)
            {
                for (var q = p + 1; q < n; q++)
                {
                    Rotate(a, v, n, p, q);
                }
            }
        }

        var vectors = new double[n * n];
        for (var i = 0; i < n; i++)
        {
            for (var e = 0; e < n; e++)
            {
                vectors[(i * n) + e] = v[(e * n) + i];
            }
        }

        return ([.. Enumerable.Range(0, n).Select(i => a[(i * n) + i])], vectors);
    }

    private static void Rotate(double[] a, double[] v, int n, int p, int q)
    {
        var off = a[(p * n) + q];
        if (Math.Abs(off) < 1e-300)
        {
            return;
        }

        var theta = (a[(q * n) + q] - a[(p * n) + p]) / (2 * off);
        var t = Math.CopySign(1, theta) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        var c = 1 / Math.Sqrt((t * t) + 1);
        var s = t * c;
        for (var k = 0; k < n; k++)
        {
            var (x, y) = (a[(k * n) + p], a[(k * n) + q]);
            (a[(k * n) + p], a[(k * n) + q]) = ((c * x) - (s * y), (s * x) + (c * y));
        }

        RotateRows(a, n, p, q, c, s);
        RotateRows(v, n, p, q, c, s);
    }

    private static void RotateRows(double[] m, int n, int p, int q, double c, double s)
    {
        Span<double> first = m.AsSpan(p * n, n), second = m.AsSpan(q * n, n);
        for (var k = 0; k < n; k++)
        {
            var (x, y) = (first[k], second[k]);
            (first[k], second[k]) = ((c * x) - (s * y), (s * x) + (c * y));
        }
    }

    private static double OffDiagonal(double[] a, int n)
    {
        var sum = 0.0;
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < i; j++)
            {
                sum += a[(i * n) + j] * a[(i * n) + j];
            }
        }

        return 2 * sum;
    }
}
