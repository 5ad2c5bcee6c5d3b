namespace MlSystem.Training.Recommendation.Numerics;

/// <summary>min |A w - y|² with w ≥ 0, for few columns: coordinate descent on the normal equations (Franc, Hlaváč and Navara, 2005).</summary>
internal static class NonNegativeLeastSquares
{
    private const int MaximumRounds = 10_000;

    public static double[] Solve(IReadOnlyList<double[]> rows, IReadOnlyList<double> targets)
    {
        var n = rows[0].Length;
        var (gram, right) = (new double[n, n], new double[n]);
        for (var r = 0; r < rows.Count; r++)
        {
            for (var i = 0; i < n; i++)
            {
                right[i] += rows[r][i] * targets[r];
                for (var j = 0; j < n; j++)
                {
                    gram[i, j] += rows[r][i] * rows[r][j];
                }
            }
        }

        var weights = new double[n];
        for (var (round, moved) = (0, double.PositiveInfinity); round < MaximumRounds && moved > 1e-10; round++)
        {
            moved = 0;
            for (var i = 0; i < n; i++)
            {
                var rest = right[i];
                for (var j = 0; j < n; j++)
                {
                    rest -= j == i ? 0 : gram[i, j] * weights[j];
                }

                var value = gram[i, i] > 0 ? Math.Max(0, rest / gram[i, i]) : 0;
                moved = Math.Max(moved, Math.Abs(value - weights[i]));
                weights[i] = value;
            }
        }

        return weights;
    }
}
