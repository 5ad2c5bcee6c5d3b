using System.Collections.Concurrent;

namespace MlSystem.Inference.Explanations.Trees;

/// <summary>Points and weights that integrate polynomials up to degree 2n - 1 exactly (Abramowitz and Stegun, 25.4.29).</summary>
internal static class GaussLegendre
{
    private static readonly ConcurrentDictionary<int, (double[] Points, double[] Weights)> Rules = new();

    /// <summary>The rule with n points on [0, 1].</summary>
    public static (double[] Points, double[] Weights) OnUnitInterval(int n) => Rules.GetOrAdd(n, Make);

    private static (double[] Points, double[] Weights) Make(int n)
    {
        var points = new double[n];
        var weights = new double[n];
        for (var i = 0; i < n; i++)
        {
            // Newton's method from the roots' asymptotic places.
            var x = Math.Cos(Math.PI * (i + 0.75) / (n + 0.5));
            var slope = 0.0;
            for (var step = 0; step < 50; step++)
            {
                (var value, slope) = Legendre(n, x);
                var change = value / slope;
                x -= change;
                if (Math.Abs(change) < 1e-16)
                {
                    break;
                }
            }

            points[i] = (1 + x) / 2;
            weights[i] = 1 / ((1 - (x * x)) * slope * slope);
        }

        return (points, weights);
    }

    private static (double Value, double Slope) Legendre(int n, double x)
    {
        var (before, value) = (1.0, x);
        for (var k = 2; k <= n; k++)
        {
            (before, value) = (value, ((((2 * k) - 1) * x * value) - ((k - 1) * before)) / k);
        }

        return n == 0 ? (1, 0) : (value, n * ((x * value) - before) / ((x * x) - 1));
    }
}
