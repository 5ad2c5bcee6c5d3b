namespace MlSystem.Training.Gates.Statistics;

/// <summary>The standard normal distribution.</summary>
internal static class NormalDistribution
{
    private static readonly double SqrtTwo = Math.Sqrt(2);

    public static double Density(double z) => Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI);

    /// <summary>Probability below <paramref name="z"/>; relative error of either tail below 1.2e-7.</summary>
    public static double Cumulative(double z) => z <= 0 ? Complement(-z / SqrtTwo) / 2 : 1 - (Complement(z / SqrtTwo) / 2);

    /// <summary>Probability above <paramref name="z"/>, exact to the last digits also where it is tiny.</summary>
    public static double Tail(double z) => Cumulative(-z);

    /// <summary>The value below which a share of the distribution lies (Acklam's approximation and one step of Halley's method).</summary>
    /// <param name="p">Above 0 and below 1; 0 and 1 give the infinities.</param>
    public static double Quantile(double p)
    {
        if (p is <= 0 or >= 1)
        {
            return p <= 0 ? double.NegativeInfinity : double.PositiveInfinity;
        }

        var z = Start(p);
        var error = (Cumulative(z) - p) / Math.Max(Density(z), double.Epsilon);
        return z - (error / (1 + (z * error / 2)));
    }

    private static double Start(double p)
    {
        const double Edge = 0.02425;
        if (p < Edge)
        {
            return Outer(Math.Sqrt(-2 * Math.Log(p)));
        }

        if (p > 1 - Edge)
        {
            return -Outer(Math.Sqrt(-2 * Math.Log(1 - p)));
        }

        var q = p - 0.5;
        var r = q * q;
        return Horner(r, -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716, 2.506628277459239) * q
            / Horner(r, -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1);
    }

    private static double Outer(double q) =>
        Horner(q, -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783)
        / Horner(q, 0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1);

    /// <summary>The complementary error function for x ≥ 0 (Chebyshev fit of Numerical Recipes, 6.2).</summary>
    private static double Complement(double x)
    {
        var t = 1 / (1 + (0.5 * x));
        return t * Math.Exp((-x * x) + Horner(
            t, 0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223));
    }

    /// <summary>A polynomial, highest power first.</summary>
    private static double Horner(double x, params ReadOnlySpan<double> coefficients)
    {
        var sum = 0.0;
        foreach (var coefficient in coefficients)
        {
            sum = (sum * x) + coefficient;
        }

        return sum;
    }
}
