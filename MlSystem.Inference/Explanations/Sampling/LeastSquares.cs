namespace MlSystem.Inference.Explanations.Sampling;

/// <summary>Weighted least squares by the normal equations and Cholesky's decomposition.</summary>
internal sealed class LeastSquares(int columns)
{
    private readonly double[] _matrix = new double[columns * columns];
    private readonly double[] _right = new double[columns];

    public void Add(ReadOnlySpan<double> row, double value, double weight)
    {
        for (var i = 0; i < columns; i++)
        {
            if (row[i] == 0)
            {
                continue;
            }

            var scaled = weight * row[i];
            _right[i] += scaled * value;
            for (var j = 0; j <= i; j++)
            {
                _matrix[(i * columns) + j] += scaled * row[j];
            }
        }
    }

    /// <summary>The coefficients.</summary>
    /// <param name="ridge">Penalty on the square of each coefficient but those in <paramref name="free"/>.</param>
    /// <param name="free">Column without a penalty, -1 for none.</param>
    public double[] Solve(double ridge, int free = -1)
    {
        // Where rows do not tell coefficients apart a trace of the diagonal keeps the equations solvable and shares the effect evenly.
        var trace = Enumerable.Range(0, columns).Sum(i => _matrix[(i * columns) + i]);
        for (var jitter = 0.0; ; jitter = Math.Max(jitter * 100, 1e-14 * Math.Max(trace, 1e-300)))
        {
            if (TrySolve(ridge, free, jitter) is { } solution)
            {
                return solution;
            }
        }
    }

    private double[]? TrySolve(double ridge, int free, double jitter)
    {
        var lower = (double[])_matrix.Clone();
        for (var i = 0; i < columns; i++)
        {
            lower[(i * columns) + i] += (i == free ? 0 : ridge) + jitter;
        }

        for (var i = 0; i < columns; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var sum = lower[(i * columns) + j];
                for (var k = 0; k < j; k++)
                {
                    sum -= lower[(i * columns) + k] * lower[(j * columns) + k];
                }

                if (i == j && !(sum > 1e-12 * Math.Abs(_matrix[(i * columns) + i])) && !(sum > 0 && jitter > 0))
                {
                    return null;
                }

                lower[(i * columns) + j] = i == j ? Math.Sqrt(sum) : sum / lower[(j * columns) + j];
            }
        }

        return Substitute(lower);
    }

    private double[] Substitute(double[] lower)
    {
        var solution = (double[])_right.Clone();
        for (var i = 0; i < columns; i++)
        {
            for (var k = 0; k < i; k++)
            {
                solution[i] -= lower[(i * columns) + k] * solution[k];
            }

            solution[i] /= lower[(i * columns) + i];
        }

        for (var i = columns - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < columns; k++)
            {
                solution[i] -= lower[(k * columns) + i] * solution[k];
            }

            solution[i] /= lower[(i * columns) + i];
        }

        return solution;
    }
}
